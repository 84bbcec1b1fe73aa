package org.mobula.tune.sampler;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.primes.Primes;
import org.apache.commons.math3.random.SobolSequenceGenerator;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.Parameter;

/**
 * Fills the space more evenly than chance does, with a low-discrepancy sequence that is scrambled
 * by the study's seed; each point by itself is uniform.
 *
 * <p>Sobol's sequence (direction numbers of Joe and Kuo, 2008) is scrambled by random linear
 * matrices and a digital shift (Matoušek, 1998), Halton's by a random permutation for each digit
 * (Owen, 2017). Sobol's covers best after powers of two of trials.
 */
public final class QuasiRandomSampler implements Sampler {
  private static final String PLACE = "mobula:quasi-random";
  private static final int MOST_SOBOL_DIMENSIONS = 1000;

  private final boolean sobol;
  private @Nullable SeedSequence seed;
  private @Nullable Sequence sequence;

  private QuasiRandomSampler(boolean sobol) {
    this.sobol = sobol;
  }

  /** Sobol's sequence; for spaces of at most 1000 parameters. */
  public static QuasiRandomSampler sobol() {
    return new QuasiRandomSampler(true);
  }

  /** Halton's sequence; best for fewer than about 20 parameters. */
  public static QuasiRandomSampler halton() {
    return new QuasiRandomSampler(false);
  }

  @Override
  public Suggestion suggest(SamplingRequest request) {
    List<Parameter> parameters = request.space().parameters();
    int place = Places.next(request.study(), PLACE) + request.attempt();
    double[] point = sequence(request.seed(), parameters.size()).point(place);
    Map<String, Double> values = new LinkedHashMap<>();
    for (int i = 0; i < point.length; i++) {
      Parameter parameter = parameters.get(i);
      if (request.space().isActive(parameter, values)) {
        values.put(parameter.name(), parameter.quantile(point[i]));
      }
    }
    return new Suggestion(values, Map.of(PLACE, (long) place));
  }

  private Sequence sequence(SeedSequence asked, int dimensions) {
    Sequence known = sequence;
    SeedSequence knownSeed = seed;
    if (known == null
        || known.dimensions() != dimensions
        || knownSeed == null
        || !asked.equals(knownSeed)) {
      Pcg64 random = new Pcg64(asked.stream("quasi-random"));
      known = sobol ? new Sobol(dimensions, random) : new Halton(dimensions, random);
      sequence = known;
      seed = asked;
    }
    return known;
  }

  /** Points of the unit cube. */
  interface Sequence {
    int dimensions();

    /** Each coordinate is in [0, 1). */
    double[] point(int index);
  }

  /** Sobol's sequence, scrambled. */
  static final class Sobol implements Sequence {
    private static final int BITS = 52;
    private static final double SCALE = 0x1p52;

    private final SobolSequenceGenerator generator;
    private final long[][] matrices;
    private final long[] shifts;

    Sobol(int dimensions, Pcg64 random) {
      if (dimensions > MOST_SOBOL_DIMENSIONS) {
        throw new IllegalArgumentException(
            "the space has %s parameters but Sobol's sequence at most %s: take Halton's, or sample at random"
                .formatted(dimensions, MOST_SOBOL_DIMENSIONS));
      }
      generator = new SobolSequenceGenerator(dimensions);
      matrices = new long[dimensions][BITS];
      shifts = new long[dimensions];
      for (int i = 0; i < dimensions; i++) {
        for (int bit = 0; bit < BITS; bit++) {
          // Lower triangular with ones: a digit depends on itself and on those before it.
          long own = 1L << (BITS - 1 - bit);
          long before = -(own << 1) & ((1L << BITS) - 1);
          matrices[i][bit] = own | (random.nextLong() & before);
        }
        shifts[i] = random.nextLong() >>> (Long.SIZE - BITS);
      }
    }

    @Override
    public int dimensions() {
      return shifts.length;
    }

    @Override
    public double[] point(int index) {
      double[] point = generator.skipTo(index);
      for (int i = 0; i < point.length; i++) {
        long digits = (long) (point[i] * SCALE);
        long scrambled = 0;
        for (int bit = 0; bit < BITS; bit++) {
          scrambled = scrambled << 1 | (Long.bitCount(matrices[i][bit] & digits) & 1);
        }
        point[i] = (scrambled ^ shifts[i]) / SCALE;
      }
      return point;
    }
  }

  /** Halton's sequence, scrambled. */
  static final class Halton implements Sequence {
    private static final double RESOLUTION = 0x1p-53;

    private final int[][][] permutations;

    Halton(int dimensions, Pcg64 random) {
      permutations = new int[dimensions][][];
      int base = 2;
      for (int i = 0; i < dimensions; i++) {
        int digits = (int) Math.ceil(-Math.log(RESOLUTION) / Math.log(base));
        permutations[i] = new int[digits][base];
        for (int[] permutation : permutations[i]) {
          random.permutation(permutation);
        }
        base = Primes.nextPrime(base + 1);
      }
    }

    @Override
    public int dimensions() {
      return permutations.length;
    }

    @Override
    public double[] point(int index) {
      double[] point = new double[permutations.length];
      for (int i = 0; i < point.length; i++) {
        int base = permutations[i][0].length;
        int rest = index;
        double unit = 1.0 / base;
        for (int[] permutation : permutations[i]) {
          point[i] += permutation[rest % base] * unit;
          rest /= base;
          unit /= base;
        }
        point[i] = Math.min(point[i], Math.nextDown(1.0));
      }
      return point;
    }
  }
}
