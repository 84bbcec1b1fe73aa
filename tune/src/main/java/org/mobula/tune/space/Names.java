package org.mobula.tune.space;

import org.jspecify.annotations.Nullable;

/** What all parameters say alike. */
final class Names {
  private Names() {}

  static void check(String name) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("a parameter's name is blank: say what is searched");
    }
  }

  static IllegalArgumentException notOf(Parameter parameter, @Nullable Object value, String rule) {
    return new IllegalArgumentException(
        "%s is %s but must be %s".formatted(parameter.name(), value, rule));
  }
}
