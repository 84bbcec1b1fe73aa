package org.mobula.core.space;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.mobula.core.random.Pcg64;

/**
 * Named values of several spaces; the encoding follows the order in which they were named:
 *
 * <pre>{@code
 * Dict.of("position", Box.of(-1, 1, 2)).with("door-open", new Discrete(2))
 * }</pre>
 */
public final class Dict implements Space {
  private final List<String> names;
  private final Tuple parts;

  private Dict(List<String> names, List<Space> parts) {
    this.names = List.copyOf(names);
    this.parts = new Tuple(parts);
  }

  /** A dictionary with one entry. */
  public static Dict of(String name, Space part) {
    return new Dict(List.of(name), List.of(part));
  }

  /** This dictionary with one entry more, at the end. */
  public Dict with(String name, Space part) {
    if (names.contains(name)) {
      throw new IllegalArgumentException(
          "\"" + name + "\" is named twice in a Dict that has " + names);
    }
    List<String> moreNames = new ArrayList<>(names);
    moreNames.add(name);
    List<Space> moreParts = new ArrayList<>(parts.parts());
    moreParts.add(part);
    return new Dict(moreNames, moreParts);
  }

  /** The names, in the order of the encoding. */
  public List<String> names() {
    return names;
  }

  /** The spaces, in the order of the encoding. */
  public List<Space> parts() {
    return parts.parts();
  }

  /** The space with this name. */
  public Space part(String name) {
    return parts.parts().get(index(name));
  }

  /** Where the encoding of the named part starts within the whole. */
  public int offset(String name) {
    return parts.offset(index(name));
  }

  private int index(String name) {
    int index = names.indexOf(name);
    if (index < 0) {
      throw new IllegalArgumentException("no \"" + name + "\" in a Dict that has " + names);
    }
    return index;
  }

  @Override
  public int size() {
    return parts.size();
  }

  @Override
  public int flatSize() {
    return parts.flatSize();
  }

  @Override
  public int maskSize() {
    return parts.maskSize();
  }

  @Override
  public List<Space> leaves() {
    return parts.leaves();
  }

  @Override
  public boolean contains(float[] values, int offset) {
    return parts.contains(values, offset);
  }

  @Override
  public void sample(Pcg64 random, float[] values, int offset) {
    parts.sample(random, values, offset);
  }

  @Override
  public void flatten(float[] values, int offset, float[] features, int featureOffset) {
    parts.flatten(values, offset, features, featureOffset);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Dict that && names.equals(that.names) && parts.equals(that.parts);
  }

  @Override
  public int hashCode() {
    return 31 * names.hashCode() + parts.hashCode();
  }

  @Override
  public String toString() {
    return IntStream.range(0, names.size())
        .mapToObj(i -> names.get(i) + ": " + parts.parts().get(i))
        .collect(Collectors.joining(", ", "Dict(", ")"));
  }
}
