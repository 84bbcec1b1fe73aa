package org.mobula.core.config;

import java.lang.reflect.RecordComponent;
import java.util.Locale;

/** How Java's names are spelt in a file: kebab-case. */
final class Keys {
  private Keys() {}

  static String of(RecordComponent component) {
    return kebab(component.getName());
  }

  static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The key of an alternative: its annotation, else its simple name. */
  static String of(Class<?> alternative) {
    Key key = alternative.getAnnotation(Key.class);
    return key != null ? key.value() : kebab(alternative.getSimpleName());
  }

  /** {@code clipRange} to {@code clip-range}, {@code useKLTarget} to {@code use-kl-target}. */
  static String kebab(String camel) {
    StringBuilder kebab = new StringBuilder();
    for (int i = 0; i < camel.length(); i++) {
      char letter = camel.charAt(i);
      boolean wordStarts =
          Character.isUpperCase(letter)
              && i > 0
              && (!Character.isUpperCase(camel.charAt(i - 1))
                  || (i + 1 < camel.length() && Character.isLowerCase(camel.charAt(i + 1))));
      kebab.append(wordStarts ? "-" : "").append(Character.toLowerCase(letter));
    }
    return kebab.toString();
  }
}
