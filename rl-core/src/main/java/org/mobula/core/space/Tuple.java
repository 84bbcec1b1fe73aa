package org.mobula.core.space;

import java.util.List;
import java.util.stream.Collectors;
import org.mobula.core.random.Pcg64;

/**
 * Values of several spaces side by side.
 *
 * @param parts the spaces, in the order of the encoding
 */
public record Tuple(List<Space> parts) implements Space {
  /** Copies the parts. */
  public Tuple {
    parts = List.copyOf(parts);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("a Tuple needs at least one part");
    }
  }

  /** A tuple of these spaces. */
  public static Tuple of(Space... parts) {
    return new Tuple(List.of(parts));
  }

  /** Where a part's encoding starts within the whole. */
  public int offset(int part) {
    int offset = 0;
    for (int i = 0; i < part; i++) {
      offset += parts.get(i).size();
    }
    return offset;
  }

  @Override
  public int size() {
    return offset(parts.size());
  }

  @Override
  public int flatSize() {
    int size = 0;
    for (int i = 0; i < parts.size(); i++) {
      size += parts.get(i).flatSize();
    }
    return size;
  }

  @Override
  public int maskSize() {
    int size = 0;
    for (int i = 0; i < parts.size(); i++) {
      size += parts.get(i).maskSize();
    }
    return size;
  }

  @Override
  public List<Space> leaves() {
    return parts.stream().flatMap(part -> part.leaves().stream()).toList();
  }

  @Override
  public boolean contains(float[] values, int offset) {
    int at = offset;
    for (int i = 0; i < parts.size(); i++) {
      Space part = parts.get(i);
      if (!part.contains(values, at)) {
        return false;
      }
      at += part.size();
    }
    return true;
  }

  @Override
  public void sample(Pcg64 random, float[] values, int offset) {
    int at = offset;
    for (int i = 0; i < parts.size(); i++) {
      Space part = parts.get(i);
      part.sample(random, values, at);
      at += part.size();
    }
  }

  @Override
  public void flatten(float[] values, int offset, float[] features, int featureOffset) {
    int at = offset;
    int featureAt = featureOffset;
    for (int i = 0; i < parts.size(); i++) {
      Space part = parts.get(i);
      part.flatten(values, at, features, featureAt);
      at += part.size();
      featureAt += part.flatSize();
    }
  }

  @Override
  public String toString() {
    return parts.stream().map(Space::toString).collect(Collectors.joining(", ", "Tuple(", ")"));
  }
}
