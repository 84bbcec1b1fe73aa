package org.mobula.core.config;

import java.util.Comparator;

/**
 * Where something was written, as a user would look for it.
 *
 * @param source a file as the user named it, or an override
 * @param line from 1; 0 where the source is the whole place
 * @param column from 1
 */
record Place(String source, int line, int column) implements Comparable<Place> {
  static Place whole(String source) {
    return new Place(source, 0, 0);
  }

  @Override
  public int compareTo(Place other) {
    return Comparator.comparingInt(Place::line)
        .thenComparingInt(Place::column)
        .compare(this, other);
  }

  @Override
  public String toString() {
    return line == 0 ? source : source + ":" + line + ":" + column;
  }
}
