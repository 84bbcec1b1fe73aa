package org.mobula.core.optimizer;

import java.io.Serializable;
import java.util.List;
import java.util.stream.DoubleStream;
import org.mobula.core.config.Course;
import org.mobula.core.config.Shorthand;

/** A number that changes in the course of training: a learning rate, a clip range. */
public sealed interface Schedule extends Course, Serializable {
  /**
   * The number at some point of the training.
   *
   * @param progress the part that is done; below 0 counts as 0 and above 1 as 1
   */
  default double at(double progress) {
    if (Double.isNaN(progress)) {
      throw new IllegalArgumentException("progress is NaN but must be a number from 0 to 1");
    }
    return value(Math.min(1, Math.max(0, progress)));
  }

  /** The number at a progress that is from 0 to 1; callers use {@link #at}. */
  double value(double progress);

  @Override
  default double least() {
    return corners().min().orElseThrow();
  }

  @Override
  default double greatest() {
    return corners().max().orElseThrow();
  }

  /** Numbers of its, between the least and greatest of which all others lie. */
  default DoubleStream corners() {
    return DoubleStream.of(value(0), value(1));
  }

  /** The same number always. */
  @Shorthand
  static Schedule constant(double value) {
    return new Constant(value);
  }

  /** A straight line. */
  static Schedule linear(double from, double to) {
    return new Linear(from, to);
  }

  /** The same number always. */
  record Constant(double value) implements Schedule {
    /** Checks the number. */
    public Constant {
      checkFinite("value", value);
    }

    @Override
    public double value(double progress) {
      return value;
    }
  }

  /** A straight line. */
  record Linear(double from, double to) implements Schedule {
    /** Checks the ends. */
    public Linear {
      checkFinite("from", from);
      checkFinite("to", to);
    }

    @Override
    public double value(double progress) {
      return between(from, to, progress);
    }
  }

  /** Multiplied by the same factor in equal times. */
  record Exponential(double from, double to) implements Schedule {
    /** Checks the ends. */
    public Exponential {
      checkFinite("from", from);
      checkFinite("to", to);
      if (from <= 0 || to <= 0) {
        throw new IllegalArgumentException(
            "an exponential schedule goes from %s to %s but both must be > 0".formatted(from, to));
      }
    }

    @Override
    public double value(double progress) {
      return Math.exp(between(Math.log(from), Math.log(to), progress));
    }
  }

  /** Half a wave: slow at both ends (Loshchilov and Hutter 2017). */
  record Cosine(double from, double to) implements Schedule {
    /** Checks the ends. */
    public Cosine {
      checkFinite("from", from);
      checkFinite("to", to);
    }

    @Override
    public double value(double progress) {
      return between(from, to, (1 - Math.cos(Math.PI * progress)) / 2);
    }
  }

  /**
   * Straight lines between points; level before the first and after the last.
   *
   * @param points in the order of their progress
   */
  record Piecewise(List<Point> points) implements Schedule {
    /** Checks the order. */
    public Piecewise {
      points = List.copyOf(points);
      if (points.isEmpty()) {
        throw new IllegalArgumentException("a piecewise schedule needs at least one point");
      }
      for (int i = 1; i < points.size(); i++) {
        if (points.get(i).progress <= points.get(i - 1).progress) {
          throw new IllegalArgumentException(
              "progress %s comes after %s but the points must ascend"
                  .formatted(points.get(i).progress, points.get(i - 1).progress));
        }
      }
    }

    @Override
    public DoubleStream corners() {
      return points.stream().mapToDouble(Point::value);
    }

    @Override
    public double value(double progress) {
      Point before = points.get(0);
      for (Point point : points) {
        if (progress < point.progress) {
          double span = point.progress - before.progress;
          double part = span == 0 ? 0 : (progress - before.progress) / span;
          return between(before.value, point.value, part);
        }
        before = point;
      }
      return before.value;
    }
  }

  /**
   * A corner of a piecewise schedule.
   *
   * @param progress from 0 to 1
   * @param value there
   */
  record Point(double progress, double value) implements Serializable {
    /** Checks the range. */
    public Point {
      checkFinite("value", value);
      if (!(progress >= 0 && progress <= 1)) {
        throw new IllegalArgumentException(
            "progress is " + progress + " but must be between 0 and 1");
      }
    }
  }

  private static double between(double from, double to, double part) {
    // Exact at both ends.
    return part == 1 ? to : from + (to - from) * part;
  }

  private static void checkFinite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(name + " is " + value + " but must be finite");
    }
  }
}
