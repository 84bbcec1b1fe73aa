package org.mobula.core.space;

import java.io.Serializable;
import java.util.List;
import org.mobula.core.random.Pcg64;

/**
 * A set of values. Each value has one encoding as {@link #size} floats: a box is its elements in
 * row-major order, a discrete value its index, a multi-discrete its indices, a multi-binary its
 * bits as 0 and 1; a dictionary or tuple is the encodings of its parts one after the other.
 *
 * <p>Spaces are immutable, compare by content, and allocate nothing in the methods that read and
 * write values.
 */
public sealed interface Space extends Serializable
    permits Box, Discrete, MultiDiscrete, MultiBinary, Dict, Tuple {
  /** Numbers in the encoding of one value. */
  int size();

  /** Features a network sees: as {@link #size}, but with each discrete value one-hot. */
  int flatSize();

  /** Choices that an action mask covers: one flag for each value of each discrete part. */
  int maskSize();

  /**
   * The spaces it is made of that are not made of others, in the order of the encoding: those in
   * its parts, or itself.
   */
  default List<Space> leaves() {
    return List.of(this);
  }

  /** Whether the encoding at {@code offset} is a value of this space. */
  boolean contains(float[] values, int offset);

  /** Draws a value: uniform where bounded, exponential or normal where not. */
  void sample(Pcg64 random, float[] values, int offset);

  /** Expands an encoding into {@link #flatSize} features. */
  void flatten(float[] values, int offset, float[] features, int featureOffset);
}
