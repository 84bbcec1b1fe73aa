package org.mobula.rollout.gymnasium;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/** Python's spaces as Java's. */
final class SpaceForm {
  private SpaceForm() {}

  static Space read(@Nullable Object form) {
    Map<String, Object> parts = Values.map(form);
    String kind = Values.text(parts.get("kind"));
    return switch (kind) {
      case "Box" -> box(parts);
      case "Discrete" ->
          new Discrete(Values.integer(parts.get("n")), Values.integer(parts.get("start")));
      case "MultiDiscrete" -> new MultiDiscrete(integers(parts.get("nvec")));
      case "MultiBinary" -> new MultiBinary(Values.integer(parts.get("n")));
      case "Tuple" ->
          new Tuple(Values.list(parts.get("parts")).stream().map(SpaceForm::read).toList());
      case "Dict" -> dict(parts);
      default -> throw new IllegalArgumentException("Python sent a space of the kind " + kind);
    };
  }

  private static Dict dict(Map<String, Object> form) {
    List<Object> names = Values.list(form.get("names"));
    List<Object> parts = Values.list(form.get("parts"));
    if (names.isEmpty()) {
      throw new IllegalArgumentException("a Dict space of Python's has no part");
    }
    Dict dict = Dict.of(Values.text(names.get(0)), read(parts.get(0)));
    for (int i = 1; i < names.size(); i++) {
      dict = dict.with(Values.text(names.get(i)), read(parts.get(i)));
    }
    return dict;
  }

  private static Box box(Map<String, Object> form) {
    List<Object> low = Values.list(form.get("low"));
    List<Object> high = Values.list(form.get("high"));
    int[] shape = integers(form.get("shape"));
    int size = 1;
    for (int length : shape) {
      size = Math.multiplyExact(size, length);
    }
    Box box = Box.of(bounds(low, size), bounds(high, size), shape);
    Box bytes = Box.bytes(shape);
    return Values.flag(form.get("bytes")) && box.equals(bytes) ? bytes : box;
  }

  /** One bound stands for all where they are equal. */
  private static float[] bounds(List<Object> given, int size) {
    float[] bounds = new float[size];
    for (int i = 0; i < size; i++) {
      // Plus zero, so that no bound is the -0.0 that Gymnasium has here and there.
      bounds[i] = (float) Values.number(given.get(given.size() == 1 ? 0 : i)) + 0f;
    }
    return bounds;
  }

  private static int[] integers(@Nullable Object list) {
    return Values.list(list).stream().mapToInt(Values::integer).toArray();
  }
}
