package org.mobula.tune.report;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import javax.imageio.ImageIO;

/** A picture, as SVG text or as an image. It shows what the study was when it was made. */
public final class Chart {
  private final String title;
  private final int width;
  private final int height;
  private final Consumer<Canvas> drawing;

  Chart(String title, int width, int height, Consumer<Canvas> drawing) {
    this.title = title;
    this.width = width;
    this.height = height;
    this.drawing = drawing;
  }

  /** What it shows, in a few words. */
  public String title() {
    return title;
  }

  /** In pixels of the SVG picture. */
  public int width() {
    return width;
  }

  /** In pixels of the SVG picture. */
  public int height() {
    return height;
  }

  /** An SVG document without an XML declaration, so that it can stand in HTML. */
  public String toSvg() {
    SvgCanvas canvas = new SvgCanvas(title, width, height);
    draw(canvas);
    return canvas.finish();
  }

  /** An image with twice as many pixels each way; made without a display. */
  public BufferedImage toImage() {
    ImageCanvas canvas = new ImageCanvas(width, height);
    draw(canvas);
    return canvas.finish();
  }

  /**
   * Writes the image, in place of one that may be there.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public void toPng(Path png) {
    try {
      Files.createDirectories(png.toAbsolutePath().getParent());
      if (!ImageIO.write(toImage(), "png", png.toFile())) {
        throw new IOException("this Java has no writer of PNG");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + png + ": " + e.getMessage(), e);
    }
  }

  private void draw(Canvas canvas) {
    canvas.rectangle(Plot.WHITE, 0, 0, width, height);
    drawing.accept(canvas);
  }
}
