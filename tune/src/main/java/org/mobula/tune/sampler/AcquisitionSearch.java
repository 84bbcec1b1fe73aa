package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.mobula.core.random.Pcg64;

/**
 * Finds the point that promises the most: many points are drawn, everywhere and around the best
 * known ones, and uphill climbs begin at the most promising of them. Climbs go along the slope in
 * the numbers, and from value to value in the choices and coarse grids.
 */
final class AcquisitionSearch {
  private static final int CANDIDATES = 512;
  private static final int CLIMBS = 6;
  private static final int MOST_ITERATIONS = 50;
  private static final int MOST_ROUNDS = 3;

  /** How many of the best known points others are drawn around. */
  private static final int CENTRES = 5;

  /** How probable it is that a choice of such a point is drawn again. */
  private static final double OTHER_CHOICE = 0.2;

  /** Two climbs begin at least so far apart in some coordinate. */
  private static final double APART = 0.05;

  /** A grid with more values is climbed as if it were continuous. */
  private static final int MOST_TRIED = 20;

  private final UnitCube cube;
  private final Acquisition acquisition;
  private final List<double[]> taken;

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Candidate(double[] point, double value) {}

  /**
   * @param taken points not to be chosen again
   */
  AcquisitionSearch(UnitCube cube, Acquisition acquisition, List<double[]> taken) {
    this.cube = cube;
    this.acquisition = acquisition;
    this.taken = taken;
  }

  /**
   * The most promising point.
   *
   * @param known points, the best first
   * @return empty if nothing that was drawn is allowed and new
   */
  Optional<double[]> search(double[][] known, Pcg64 random) {
    List<Candidate> candidates = new ArrayList<>();
    for (int c = 0; c < CANDIDATES; c++) {
      double[] point =
          c % 2 == 0
              ? anywhere(random)
              : near(known[random.nextInt(Math.min(CENTRES, known.length))], random);
      cube.snap(point);
      if (isOpen(point)) {
        candidates.add(new Candidate(point, acquisition.at(point)));
      }
    }
    if (candidates.isEmpty()) {
      return Optional.empty();
    }
    candidates.sort(Comparator.comparingDouble(Candidate::value));
    Candidate best = candidates.get(0);
    List<double[]> starts = new ArrayList<>();
    for (Candidate candidate : candidates) {
      double[] start = candidate.point;
      if (starts.stream().anyMatch(other -> distance(start, other) < APART)) {
        continue;
      }
      starts.add(start);
      double[] point = start.clone();
      double value = climb(point);
      if (value < best.value && isOpen(point)) {
        best = new Candidate(point, value);
      }
      if (starts.size() == CLIMBS) {
        break;
      }
    }
    return Optional.of(best.point);
  }

  private boolean isOpen(double[] point) {
    return taken.stream().noneMatch(other -> Arrays.equals(point, other)) && cube.allows(point);
  }

  private double[] anywhere(Pcg64 random) {
    double[] point = new double[cube.dimensions()];
    Arrays.setAll(point, i -> cube.draw(i, random));
    return point;
  }

  private double[] near(double[] centre, Pcg64 random) {
    double[] point = centre.clone();
    double spread = Math.pow(10, random.uniform(-3, -0.5));
    double share = random.nextBoolean() ? 1 : Math.min(1, 2.0 / point.length);
    for (int i = 0; i < point.length; i++) {
      if (random.nextDouble() < share) {
        if (!cube.isCategorical(i)) {
          point[i] = UnitCube.clip(point[i] + spread * random.nextGaussian(), 0, 1);
        } else if (random.nextDouble() < OTHER_CHOICE) {
          point[i] = cube.draw(i, random);
        }
      }
    }
    return point;
  }

  private static double distance(double[] a, double[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  /** Goes uphill, in place; returns the acquisition's value there. */
  private double climb(double[] point) {
    double value = acquisition.at(point);
    for (int round = 0; round < MOST_ROUNDS; round++) {
      double before = value;
      value = Math.min(value, climbNumbers(point));
      value = climbGrids(point, value);
      if (before - value < 1e-6) {
        break;
      }
    }
    return value;
  }

  private double climbNumbers(double[] point) {
    double[] low = point.clone();
    double[] high = point.clone();
    for (int i = 0; i < point.length; i++) {
      if (!cube.isCategorical(i) && cube.cardinality(i) > MOST_TRIED) {
        low[i] = 0;
        high[i] = 1;
      }
    }
    if (Arrays.equals(low, high)) {
      return Double.POSITIVE_INFINITY;
    }
    double[] climbed = point.clone();
    Minimizer.minimize(acquisition, climbed, low, high, MOST_ITERATIONS, 1e-3);
    cube.snap(climbed);
    double value = acquisition.at(climbed);
    if (value <= acquisition.at(point)) {
      System.arraycopy(climbed, 0, point, 0, point.length);
    }
    return value;
  }

  private double climbGrids(double[] point, double from) {
    double value = from;
    for (int i = 0; i < point.length; i++) {
      long cardinality = cube.cardinality(i);
      if (cardinality == 1 || cardinality == Long.MAX_VALUE) {
        continue;
      }
      double[] tried = point.clone();
      if (cube.isCategorical(i) || cardinality <= MOST_TRIED) {
        for (long index = 0; index < cardinality; index++) {
          tried[i] = cube.gridCoordinate(i, index);
          value = takeIfBetter(point, tried.clone(), value);
        }
      } else {
        double own = point[i];
        for (int side = -1; side <= 1; side += 2) {
          tried[i] = UnitCube.clip(own + (double) side / cardinality, 0, 1);
          value = takeIfBetter(point, tried.clone(), value);
        }
      }
    }
    return value;
  }

  private double takeIfBetter(double[] point, double[] other, double value) {
    cube.snap(other);
    double ofOther = acquisition.at(other);
    if (ofOther < value && isOpen(other)) {
      System.arraycopy(other, 0, point, 0, point.length);
      return ofOther;
    }
    return value;
  }
}
