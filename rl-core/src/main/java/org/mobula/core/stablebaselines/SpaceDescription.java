package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.stablebaselines.Pickled.ArrayType;
import org.mobula.core.stablebaselines.Pickled.Described;
import org.mobula.core.stablebaselines.Pickled.Numbers;
import org.mobula.core.training.config.SpaceConfig;

/** Spaces, from what Gymnasium's objects were when they were saved. */
final class SpaceDescription {
  private SpaceDescription() {}

  /**
   * The space.
   *
   * @param what it is of, for errors
   */
  static Space space(String what, Object value) throws IOException {
    if (value instanceof Described space) {
      String type = space.type.substring(space.type.lastIndexOf('.') + 1);
      try {
        switch (type) {
          case "Box" -> {
            return box(space);
          }
          case "Discrete" -> {
            Long start = space.get("start") instanceof Long first ? first : 0L;
            if (start == 0) {
              return new Discrete(whole(space.get("n")));
            }
          }
          case "MultiDiscrete" -> {
            Numbers n = Pickled.as(Numbers.class, "nvec", space.get("nvec"));
            return new MultiDiscrete(DoubleStream.of(n.values()).mapToInt(x -> (int) x).toArray());
          }
          case "MultiBinary" -> {
            return new MultiBinary(whole(space.get("n")));
          }
          default -> {}
        }
      } catch (IllegalArgumentException e) {
        throw new IOException("%s: %s".formatted(what, e.getMessage()), e);
      }
    }
    throw new IOException(
        "%s is %s; Box, Discrete from 0, MultiDiscrete and MultiBinary can be taken over"
            .formatted(what, Pickled.words(value)));
  }

  private static int whole(@Nullable Object value) throws IOException {
    if (value instanceof List<?> list && list.size() == 1) {
      return whole(list.get(0));
    }
    return Math.toIntExact(Pickled.as(Long.class, "the size of a space", value));
  }

  private static Space box(Described space) throws IOException {
    Numbers low = Pickled.as(Numbers.class, "low", space.get("low"));
    Numbers high = Pickled.as(Numbers.class, "high", space.get("high"));
    int[] shape = low.shape().stream().mapToInt(Integer::intValue).toArray();
    boolean bytes = space.get("dtype") instanceof ArrayType type && type.kind == NumberKind.BYTE;
    Box box = Box.of(low.floats(), high.floats(), shape);
    return bytes && box.equals(Box.bytes(shape)) ? Box.bytes(shape) : box;
  }

  /**
   * The space as a training file says it.
   *
   * @throws IOException if a file cannot
   */
  static SpaceConfig config(Space space) throws IOException {
    if (space instanceof Discrete discrete) {
      return new SpaceConfig.OfDiscrete(discrete.n());
    } else if (space instanceof MultiDiscrete multi) {
      return new SpaceConfig.OfMultiDiscrete(IntStream.of(multi.nvec()).boxed().toList());
    } else if (space instanceof MultiBinary binary) {
      return new SpaceConfig.OfMultiBinary(binary.n());
    } else if (space instanceof Box box) {
      List<Integer> shape = IntStream.of(box.shape()).boxed().toList();
      return box.isPixels()
          ? new SpaceConfig.OfBytes(shape)
          : new SpaceConfig.OfBox(shape, bounds(box.low()), bounds(box.high()));
    }
    throw new IOException(space + " cannot be said in a training file");
  }

  /** One where all are alike; none where some are infinite, which a file cannot say of one. */
  private static List<Double> bounds(float[] numbers) {
    List<Double> all = new ArrayList<>();
    for (float number : numbers) {
      if (Float.isInfinite(number)) {
        return List.of();
      }
      all.add(Double.valueOf(Float.toString(number)));
    }
    return all.stream().distinct().count() > 1 ? all : List.of(all.get(0));
  }
}
