package org.mobula.core.environment;

import java.util.Arrays;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * The form of observations that are images: {@code [height, width]}, {@code [channels, height,
 * width]}, or {@code [height, width, channels]} where the last axis is as short as colours are and
 * the others are not.
 *
 * @param space of the observations
 * @param channels 1 where there is no such axis
 * @param whole whether its numbers are pixels in bytes, so that means of them are rounded
 */
record Image(Box space, int channels, int height, int width, boolean channelsLast, boolean whole) {
  private static final int MOST_COLOURS = 4; // red, green, blue, alpha

  /**
   * Reads the form.
   *
   * @param wrapper that needs images
   * @throws IllegalArgumentException if they are none, or their numbers have different bounds
   */
  static Image of(Space space, String wrapper) {
    if (space instanceof Box box && isUniform(box)) {
      int[] shape = box.shape();
      boolean whole = box.isBytes() && box.isPixels();
      if (shape.length == 2) {
        return new Image(box, 1, shape[0], shape[1], false, whole);
      }
      boolean colours = shape.length == 3 && shape[2] <= MOST_COLOURS;
      if (colours && Math.min(shape[0], shape[1]) > MOST_COLOURS) {
        return new Image(box, shape[2], shape[0], shape[1], true, whole);
      }
      if (shape.length == 3) {
        return new Image(box, shape[0], shape[1], shape[2], false, whole);
      }
    }
    throw new IllegalArgumentException(
        "%s needs images [height, width], [height, width, channels] or [channels, height, width] with the same bounds everywhere, but observations are %s"
            .formatted(wrapper, space));
  }

  private static boolean isUniform(Box box) {
    float[] low = box.low();
    float[] high = box.high();
    Arrays.fill(low, low[0]);
    Arrays.fill(high, high[0]);
    return box.equals(Box.of(low, high, box.shape()));
  }

  /** Images with the same bounds. */
  Box withShape(int... shape) {
    return whole ? Box.bytes(shape) : Box.of(space.low(0), space.high(0), shape);
  }

  /** The place of a pixel's first channel. */
  int at(int row, int column) {
    return (row * width + column) * (channelsLast ? channels : 1);
  }

  /** From one channel of a pixel to the next. */
  int channelStride() {
    return channelsLast ? 1 : height * width;
  }

  /** From one pixel of a row to the next. */
  int pixelStride() {
    return channelsLast ? channels : 1;
  }
}
