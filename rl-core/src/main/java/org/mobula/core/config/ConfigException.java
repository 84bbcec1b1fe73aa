package org.mobula.core.config;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A configuration that cannot be used. The message has one line a mistake: place, value, rule and,
 * where one is near, the right spelling.
 */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient List<Mistake> causes;

  /** Something wrong at a place. */
  record Mistake(Place place, String text) {
    @Override
    public String toString() {
      return place + ": " + text;
    }
  }

  ConfigException(List<Mistake> mistakes) {
    this(sorted(mistakes), null);
  }

  ConfigException(Place place, String mistake, @Nullable Throwable cause) {
    this(List.of(new Mistake(place, mistake)), cause);
  }

  private ConfigException(List<Mistake> causes, @Nullable Throwable cause) {
    super(causes.stream().map(Mistake::toString).collect(Collectors.joining("\n")), cause);
    this.causes = causes;
  }

  /** The file's in the order of its lines, then those of overrides. */
  private static List<Mistake> sorted(List<Mistake> mistakes) {
    return mistakes.stream()
        .distinct()
        .sorted(
            Comparator.<Mistake, Boolean>comparing(mistake -> mistake.place().line() == 0)
                .thenComparing(Mistake::place))
        .toList();
  }

  List<Mistake> causes() {
    return causes;
  }

  /** The lines of the message. */
  public List<String> mistakes() {
    return String.valueOf(getMessage()).lines().toList();
  }
}
