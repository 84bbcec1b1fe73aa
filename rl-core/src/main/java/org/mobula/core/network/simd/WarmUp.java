package org.mobula.core.network.simd;

import org.mobula.core.network.Activation;

/**
 * Runs the kernels on a few numbers, so that the JVM compiles them before a run needs them. Until
 * they are compiled the Vector API takes some hundred times as long, which makes the first
 * iteration of a short run longer than all others together.
 *
 * <p>A hundred calls are enough where the JVM was told to compile these classes early, as the
 * command line's launcher does.
 */
public final class WarmUp {
  private static final int CALLS = 100;
  private static final int ROWS = 2 * Blocks.ROWS + 1; // whole blocks and a single row
  private static final int WIDTH = 64;

  private WarmUp() {}

  /** Takes some tenths of a second, best spent on a thread beside the one that reads and parses. */
  public static void run() {
    Product product = new Product();
    Activations activations = new Activations();
    float[] x = Lanes.matrix(WIDTH, WIDTH);
    float[] panels = new float[WIDTH * WIDTH];
    float[] zeros = new float[WIDTH];
    float[] y = Lanes.matrix(WIDTH, WIDTH);
    float[] sums = new float[WIDTH];
    float[] workspace = new float[Dots.WORKSPACE];
    for (int i = 0; i < CALLS; i++) {
      product.multiply(ROWS, WIDTH, x, WIDTH, panels, WIDTH, zeros, 0, y);
      product.multiplyTransposed(ROWS, WIDTH, x, WIDTH, panels, WIDTH, zeros, 0, y);
      activations.apply(Activation.TANH, y, y, ROWS * WIDTH);
      activations.differentiate(Activation.TANH, y, y, y, ROWS, WIDTH, sums);
      Dots.multiply(ROWS, x, WIDTH, 1, panels, zeros, y, Lanes.PAD, workspace);
      activations.differentiate(Activation.IDENTITY, y, y, y, ROWS, Lanes.PAD, sums);
    }
  }
}
