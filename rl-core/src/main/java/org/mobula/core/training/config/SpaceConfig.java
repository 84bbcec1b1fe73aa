package org.mobula.core.training.config;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Key;
import org.mobula.core.config.NotEmpty;
import org.mobula.core.config.OrOne;
import org.mobula.core.config.Range;
import org.mobula.core.config.Shorthand;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/** A space as a file says it. */
public sealed interface SpaceConfig extends Serializable {
  /** The space. */
  Space space();

  /** An array of real numbers. */
  @Key("box")
  record OfBox(
      @Doc("lengths of the array's dimensions; one number for a vector")
          @OrOne
          @NotEmpty
          @Range(min = 1)
          List<Integer> shape,
      @Doc(
              "the least value: one for all elements, or one for each in row-major order; none unless said")
          @OrOne
          List<Double> low,
      @Doc("the greatest value: one for all elements, or one for each; none unless said") @OrOne
          List<Double> high)
      implements SpaceConfig {

    /** Checks the bounds. */
    public OfBox {
      shape = List.copyOf(shape);
      low = List.copyOf(low);
      high = List.copyOf(high);
      Constraints.check(OfBox.class, shape, low, high);
      requireBounds("low", low, elements(shape));
      requireBounds("high", high, elements(shape));
      box(shape, low, high);
    }

    /** Any real numbers. */
    public static OfBox defaults(List<Integer> shape) {
      return new OfBox(shape, List.of(), List.of());
    }

    private static void requireBounds(String key, List<Double> bounds, long elements) {
      Constraints.require(
          bounds.size() <= 1 || bounds.size() == elements,
          key,
          bounds,
          "must have one number, or one for each of the %s elements".formatted(elements));
    }

    private static long elements(List<Integer> shape) {
      return shape.stream().mapToLong(length -> length).reduce(1, Math::multiplyExact);
    }

    private static Box box(List<Integer> shape, List<Double> low, List<Double> high) {
      int size = Math.toIntExact(elements(shape));
      return Box.of(
          floats(low, size, Float.NEGATIVE_INFINITY),
          floats(high, size, Float.POSITIVE_INFINITY),
          lengths(shape));
    }

    private static float[] floats(List<Double> numbers, int size, float unsaid) {
      float[] floats = new float[size];
      Arrays.fill(floats, numbers.isEmpty() ? unsaid : numbers.get(0).floatValue());
      for (int i = 1; i < numbers.size(); i++) {
        floats[i] = numbers.get(i).floatValue();
      }
      return floats;
    }

    @Override
    public Space space() {
      return box(shape, low, high);
    }
  }

  /** An array of bytes, such as an image. */
  @Key("bytes")
  record OfBytes(
      @Doc("lengths of the array's dimensions, such as [4, 84, 84]")
          @OrOne
          @NotEmpty
          @Range(min = 1)
          List<Integer> shape)
      implements SpaceConfig {

    /** Checks the lengths. */
    public OfBytes {
      shape = List.copyOf(shape);
      Constraints.check(OfBytes.class, shape);
    }

    @Override
    public Space space() {
      return Box.bytes(lengths(shape));
    }
  }

  /** One of several choices, from 0. */
  @Key("discrete")
  record OfDiscrete(@Doc("how many choices") @Range(min = 1) int n) implements SpaceConfig {
    /** Checks the count. */
    public OfDiscrete {
      Constraints.check(OfDiscrete.class, n);
    }

    /** So many choices. */
    @Shorthand
    public static OfDiscrete of(int n) {
      return new OfDiscrete(n);
    }

    @Override
    public Space space() {
      return new Discrete(n);
    }
  }

  /** Several choices at once. */
  @Key("multi-discrete")
  record OfMultiDiscrete(
      @Doc("how many values each choice has") @NotEmpty @Range(min = 1) List<Integer> nvec)
      implements SpaceConfig {

    /** Checks the counts. */
    public OfMultiDiscrete {
      nvec = List.copyOf(nvec);
      Constraints.check(OfMultiDiscrete.class, nvec);
    }

    @Override
    public Space space() {
      return new MultiDiscrete(lengths(nvec));
    }
  }

  /** Several bits. */
  @Key("multi-binary")
  record OfMultiBinary(@Doc("how many bits") @Range(min = 1) int n) implements SpaceConfig {
    /** Checks the count. */
    public OfMultiBinary {
      Constraints.check(OfMultiBinary.class, n);
    }

    /** So many bits. */
    @Shorthand
    public static OfMultiBinary of(int n) {
      return new OfMultiBinary(n);
    }

    @Override
    public Space space() {
      return new MultiBinary(n);
    }
  }

  /** Values of several spaces by name, such as a picture and a compass. */
  @Key("dict")
  record OfDict(
      @Doc("the parts by name, in the order in which their numbers lie one after the other")
          @NotEmpty
          Map<String, SpaceConfig> parts)
      implements SpaceConfig {

    /** Checks that there is a part. */
    public OfDict {
      parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
      Constraints.check(OfDict.class, parts);
    }

    @Override
    public Space space() {
      Dict dict = null;
      for (Map.Entry<String, SpaceConfig> part : parts.entrySet()) {
        Space space = part.getValue().space();
        dict = dict == null ? Dict.of(part.getKey(), space) : dict.with(part.getKey(), space);
      }
      return Objects.requireNonNull(dict);
    }
  }

  /** Values of several spaces, one after the other. */
  @Key("tuple")
  record OfTuple(@Doc("the parts, in order") @NotEmpty List<SpaceConfig> parts)
      implements SpaceConfig {

    /** Checks that there is a part. */
    public OfTuple {
      parts = List.copyOf(parts);
      Constraints.check(OfTuple.class, parts);
    }

    @Override
    public Space space() {
      return new Tuple(parts.stream().map(SpaceConfig::space).toList());
    }
  }

  private static int[] lengths(List<Integer> numbers) {
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }
}
