package org.mobula.core.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was written, and where: at the key of a value, at the value itself within a list. */
sealed interface Tree {
  Place place();

  /** As an error shows it. */
  String show();

  /** A single value. */
  record Scalar(Place place, String text, boolean quoted) implements Tree {
    boolean isNull() {
      return !quoted && Scalars.isNull(text);
    }

    @Override
    public String show() {
      if (isNull()) {
        return "null";
      }
      return quoted || Scalars.isText(text) ? '"' + text + '"' : text;
    }
  }

  /** A list. */
  record Items(Place place, List<Tree> items) implements Tree {
    @Override
    public String show() {
      return "a list";
    }
  }

  /** Keys and values in the order of the file; overrides change it. */
  record Mapping(Place place, Map<String, Tree> entries) implements Tree {
    static Mapping empty(Place place) {
      return new Mapping(place, new LinkedHashMap<>());
    }

    @Override
    public String show() {
      return "a mapping";
    }
  }
}
