package org.mobula.core.random;

/**
 * Normal variates by the ziggurat of 256 layers (Marsaglia and Tsang 2000), in the arrangement of
 * NumPy. The tables and the rare branches use {@link StrictMath}: the same bits on every JVM.
 */
final class Ziggurat {
  private static final int LAYERS = 256;

  /** Where the tail starts, and the area of each layer under exp(-x²/2). */
  private static final double TAIL = 3.654152885361009;

  private static final double AREA = 0.004928673233974655;
  private static final double SCALE = 0x1p52;

  private static final double[] WIDTH = new double[LAYERS];
  private static final long[] ACCEPT = new long[LAYERS];
  private static final double[] DENSITY = new double[LAYERS];

  static {
    double edge = TAIL;
    double density = density(edge);
    double base = AREA / density;
    ACCEPT[0] = (long) (edge / base * SCALE);
    WIDTH[0] = base / SCALE;
    DENSITY[0] = 1;
    WIDTH[LAYERS - 1] = edge / SCALE;
    DENSITY[LAYERS - 1] = density;
    for (int i = LAYERS - 2; i > 0; i--) {
      double inner = StrictMath.sqrt(-2 * StrictMath.log(AREA / edge + density));
      ACCEPT[i + 1] = (long) (inner / edge * SCALE);
      edge = inner;
      density = density(edge);
      WIDTH[i] = edge / SCALE;
      DENSITY[i] = density;
    }
  }

  private Ziggurat() {}

  private static double density(double x) {
    return StrictMath.exp(-0.5 * x * x);
  }

  static double draw(Pcg64 random) {
    while (true) {
      long bits = random.nextLong();
      int layer = (int) bits & (LAYERS - 1);
      boolean negative = (bits >>> 8 & 1) != 0;
      long magnitude = bits >>> 9 & ((1L << 52) - 1);
      double x = magnitude * WIDTH[layer];
      if (magnitude < ACCEPT[layer]) {
        return negative ? -x : x;
      }
      if (layer == 0) {
        double beyond = tail(random);
        return (magnitude >>> 8 & 1) != 0 ? -beyond : beyond;
      }
      double height = (DENSITY[layer - 1] - DENSITY[layer]) * random.nextDouble() + DENSITY[layer];
      if (height < density(x)) {
        return negative ? -x : x;
      }
    }
  }

  private static double tail(Pcg64 random) {
    while (true) {
      double x = -StrictMath.log1p(-random.nextDouble()) / TAIL;
      double y = -StrictMath.log1p(-random.nextDouble());
      if (y + y > x * x) {
        return TAIL + x;
      }
    }
  }
}
