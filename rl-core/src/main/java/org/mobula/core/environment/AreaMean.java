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
  private static final double THRESHOLD = 1e-3; // OpenCV's: a smaller share is none

  private final Image image;
  private final int height;
  private final int width;
  private final boolean simple;
  private final Shares rows;
  private final Shares columns;
  private final float[] row;
  private final float[] sum;

  /**
   * The shares of source pixels in new ones: those of new pixel {@code i} are from place {@code
   * begin[i]} to before {@code begin[i + 1]}, of source pixels in a row from {@code first[i]} on.
   */
  private static final class Shares {
    final int[] begin;
    final int[] first;
    final float[] weights;

    Shares(int from, int to) {
      double scale = (double) from / to;
      begin = new int[to + 1];
      first = new int[to];
      float[] all = new float[2 * from + to];
      int count = 0;
      for (int i = 0; i < to; i++) {
        double start = i * scale;
        double end = start + scale;
        double cell = Math.min(scale, from - start);
        int last = Math.min((int) Math.floor(end), from - 1);
        int whole = Math.min((int) Math.ceil(start), last);
        begin[i] = count;
        first[i] = whole;
        if (whole - start > THRESHOLD) {
          first[i] = whole - 1;
          all[count++] = (float) ((whole - start) / cell);
        }
        for (int j = whole; j < last; j++) {
          all[count++] = (float) (1 / cell);
        }
        if (end - last > THRESHOLD) {
          all[count++] = (float) (Math.min(Math.min(end - last, 1), cell) / cell);
        }
      }
      begin[to] = count;
      weights = Arrays.copyOf(all, count);
    }
  }

  AreaMean(Image image, int height, int width) {
    this.image = image;
    this.height = height;
    this.width = width;
    this.simple = image.height() % height == 0 && image.width() % width == 0;
    this.rows = new Shares(image.height(), height);
    this.columns = new Shares(image.width(), width);
    this.row = new float[width];
    this.sum = new float[width];
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
    for (int y = 0; y < height; y++) {
      Arrays.fill(sum, 0);
      for (int k = rows.begin[y]; k < rows.begin[y + 1]; k++) {
        weighRow(from, fromOffset + image.at(rows.first[y] + k - rows.begin[y], 0));
        float weight = rows.weights[k];
        for (int x = 0; x < width; x++) {
          sum[x] += row[x] * weight;
        }
      }
      int at = toOffset + y * width * image.pixelStride();
      for (int x = 0; x < width; x++) {
        to[at + x * image.pixelStride()] =
            image.whole() ? Math.min(255, (float) Math.rint(sum[x])) : sum[x];
      }
    }
  }

  private void weighRow(float[] from, int offset) {
    int stride = image.pixelStride();
    for (int x = 0; x < width; x++) {
      float total = 0;
      int at = offset + columns.first[x] * stride;
      for (int k = columns.begin[x]; k < columns.begin[x + 1]; k++) {
        total += from[at] * columns.weights[k];
        at += stride;
      }
      row[x] = total;
    }
  }
}
