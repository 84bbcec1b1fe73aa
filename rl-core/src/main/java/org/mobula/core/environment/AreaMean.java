package org.mobula.core.environment;

import java.util.Arrays;

/**
 * An image made smaller, by the arithmetic of OpenCV's {@code INTER_AREA}, in the same order and in
 * float, so that each byte is the same. Where both sides are divided by whole numbers it sums
 * integers and multiplies once; two by two pixels are summed and shifted, which rounds halves up.
 * Elsewhere rows are weighted first and then added up with weights, and halves go to the even
 * number.
 */
final class AreaMean {
  private final Image image;
  private final int height;
  private final int width;
  private final boolean simple;
  private final Part[] rows;
  private final Part[] columns;
  private final float[] row;
  private final float[] sum;

  /** A source pixel's share in a new one. */
  private record Part(int to, int from, float weight) {}

  AreaMean(Image image, int height, int width) {
    this.image = image;
    this.height = height;
    this.width = width;
    this.simple = image.height() % height == 0 && image.width() % width == 0;
    this.rows = parts(image.height(), height);
    this.columns = parts(image.width(), width);
    this.row = new float[width];
    this.sum = new float[width];
  }

  private static Part[] parts(int from, int to) {
    double scale = (double) from / to;
    Part[] parts = new Part[2 * from + to];
    int count = 0;
    for (int i = 0; i < to; i++) {
      double begin = i * scale;
      double end = begin + scale;
      double cell = Math.min(scale, from - begin);
      int last = Math.min((int) Math.floor(end), from - 1);
      int first = Math.min((int) Math.ceil(begin), last);
      if (first - begin > 1e-3) {
        parts[count++] = new Part(i, first - 1, (float) ((first - begin) / cell));
      }
      for (int j = first; j < last; j++) {
        parts[count++] = new Part(i, j, (float) (1 / cell));
      }
      if (end - last > 1e-3) {
        double share = Math.min(Math.min(end - last, 1), cell) / cell;
        parts[count++] = new Part(i, last, (float) share);
      }
    }
    return Arrays.copyOf(parts, count);
  }

  void compute(float[] from, float[] to) {
    int stride = image.channelsLast() ? 1 : height * width;
    for (int channel = 0; channel < image.channels(); channel++) {
      if (simple) {
        blocks(from, channel * image.channelStride(), to, channel * stride);
      } else {
        areas(from, channel * image.channelStride(), to, channel * stride);
      }
    }
  }

  private void blocks(float[] from, int fromOffset, float[] to, int toOffset) {
    int tall = image.height() / height;
    int wide = image.width() / width;
    boolean four = tall == 2 && wide == 2;
    float share = 1f / (tall * wide);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        float total = 0;
        for (int j = 0; j < tall; j++) {
          for (int i = 0; i < wide; i++) {
            total += from[fromOffset + image.at(y * tall + j, x * wide + i)];
          }
        }
        float mean = total * share;
        if (image.whole()) {
          mean = four ? (int) (mean + 0.5f) : (float) Math.rint(mean);
        }
        to[toOffset + (y * width + x) * image.pixelStride()] = mean;
      }
    }
  }

  private void areas(float[] from, int fromOffset, float[] to, int toOffset) {
    int previous = 0;
    Arrays.fill(sum, 0);
    for (Part vertical : rows) {
      if (vertical.to != previous) {
        flush(previous, to, toOffset);
        previous = vertical.to;
      }
      Arrays.fill(row, 0);
      int offset = fromOffset + image.at(vertical.from, 0);
      for (Part part : columns) {
        row[part.to] += from[offset + part.from * image.pixelStride()] * part.weight;
      }
      for (int x = 0; x < width; x++) {
        sum[x] += row[x] * vertical.weight;
      }
    }
    flush(previous, to, toOffset);
  }

  private void flush(int y, float[] to, int toOffset) {
    for (int x = 0; x < width; x++) {
      to[toOffset + (y * width + x) * image.pixelStride()] =
          image.whole() ? Math.min(255, (float) Math.rint(sum[x])) : sum[x];
    }
    Arrays.fill(sum, 0);
  }
}
