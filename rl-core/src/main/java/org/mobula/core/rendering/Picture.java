package org.mobula.core.rendering;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import javax.imageio.ImageIO;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentWrapper;

/** The picture of an environment's present state. */
public final class Picture {
  /** Pixels from left to right, unless asked otherwise. */
  public static final int WIDTH = 600;

  /** Pixels from top to bottom, unless asked otherwise. */
  public static final int HEIGHT = 400;

  private Picture() {}

  /** The present state, 600 by 400 pixels. */
  public static BufferedImage of(Environment environment) {
    return of(environment, WIDTH, HEIGHT);
  }

  /**
   * The present state.
   *
   * @throws UnsupportedOperationException if the environment does not draw itself
   */
  public static BufferedImage of(Environment environment, int width, int height) {
    requireSize(width, height);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = smooth(image);
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, width, height);
      graphics.setColor(Color.BLACK);
      if (!environment.draw(graphics, width, height)) {
        Environment innermost = environment;
        while (innermost instanceof EnvironmentWrapper wrapper) {
          innermost = wrapper.inner();
        }
        throw new UnsupportedOperationException(
            innermost.getClass().getName()
                + " does not draw itself; override Environment.draw(Graphics2D graphics, int"
                + " width, int height) and return true, or give an environment of Python's the render"
                + " mode rgb_array");
      }
    } finally {
      graphics.dispose();
    }
    return image;
  }

  /**
   * Writes the present state as PNG.
   *
   * @throws UnsupportedOperationException if the environment does not draw itself
   */
  public static void writePng(Environment environment, OutputStream out) throws IOException {
    ImageIO.write(of(environment), "png", out);
  }

  static void requireSize(int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "the size is " + width + " by " + height + " pixels but both must be >= 1");
    }
  }

  static Graphics2D smooth(BufferedImage image) {
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    return graphics;
  }
}
