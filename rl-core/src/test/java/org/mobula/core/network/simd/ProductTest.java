package org.mobula.core.network.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductTest {
  private final SplittableRandom random = new SplittableRandom(7);
  private final Product product = new Product();

  @ParameterizedTest
  @CsvSource({
    "1, 1, 32",
    "2, 5, 64",
    "3, 128, 96",
    "5, 129, 32",
    "6, 64, 64",
    "7, 300, 160",
    "64, 17, 64",
    "65, 256, 128",
    "256, 4, 64"
  })
  void equalsTheSumsInDoublePrecision(int rows, int depth, int columns) {
    check(false, rows, depth, columns);
    check(true, rows, depth, columns);
  }

  private void check(boolean transposed, int rows, int depth, int columns) {
    int aRows = transposed ? depth : rows;
    int aStride = Lanes.padded(transposed ? rows : depth);
    float[] a = random(Lanes.matrix(aRows, aStride));
    float[] b = random(new float[depth * columns]);
    float[] c0 = random(new float[columns]);
    float[] panels = new float[b.length];
    Panels.pack(b, depth, columns, panels);
    float[] c = Lanes.matrix(rows, columns);
    if (transposed) {
      product.multiplyTransposed(rows, depth, a, aStride, panels, columns, c0, 0, c);
    } else {
      product.multiply(rows, depth, a, aStride, panels, columns, c0, 0, c);
    }
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        double sum = c0[column];
        for (int k = 0; k < depth; k++) {
          double factor = transposed ? a[k * aStride + row] : a[row * aStride + k];
          sum += factor * b[k * columns + column];
        }
        assertThat((double) c[row * columns + column])
            .as("row %d, column %d, transposed %s", row, column, transposed)
            .isCloseTo(sum, within(1e-6 * (depth + 10)));
      }
    }
  }

  private float[] random(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }
}
