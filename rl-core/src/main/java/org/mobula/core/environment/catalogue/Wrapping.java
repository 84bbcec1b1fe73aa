package org.mobula.core.environment.catalogue;

import java.io.Serializable;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.config.NearestName;
import org.mobula.core.environment.ChannelsFirst;
import org.mobula.core.environment.ClipReward;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.EpisodeStatistics;
import org.mobula.core.environment.EpisodicLife;
import org.mobula.core.environment.FireReset;
import org.mobula.core.environment.FrameStack;
import org.mobula.core.environment.Grayscale;
import org.mobula.core.environment.MaxAndSkip;
import org.mobula.core.environment.NoopReset;
import org.mobula.core.environment.RescaleAction;
import org.mobula.core.environment.Resize;
import org.mobula.core.environment.TimeLimit;

/**
 * A wrapper by name.
 *
 * @param name of a built-in one, or a class
 * @param options a value for each
 */
record Wrapping(String name, EnvironmentOptions options) implements Serializable {
  /** What is known of a built-in wrapper. */
  private record Kind(Map<String, Object> options, Maker maker) {}

  private interface Maker {
    Environment wrap(Environment inner, EnvironmentOptions options);
  }

  private static Map<String, Kind> kinds() {
    Map<String, Kind> kinds = new LinkedHashMap<>();
    kinds.put(
        "NoopReset",
        new Kind(Map.of("max", 30L), (inner, o) -> new NoopReset(inner, integer(o, "max"))));
    kinds.put("FireReset", new Kind(Map.of(), (inner, o) -> new FireReset(inner)));
    kinds.put(
        "MaxAndSkip",
        new Kind(Map.of("skip", 4L), (inner, o) -> new MaxAndSkip(inner, integer(o, "skip"))));
    kinds.put(
        "EpisodicLife",
        new Kind(
            Map.of("new-game", false), (inner, o) -> new EpisodicLife(inner, o.flag("new-game"))));
    kinds.put("ClipReward", new Kind(Map.of(), (inner, o) -> new ClipReward(inner)));
    kinds.put("Grayscale", new Kind(Map.of(), (inner, o) -> new Grayscale(inner)));
    kinds.put(
        "Resize",
        new Kind(
            Map.of("height", 84L, "width", 84L),
            (inner, o) -> new Resize(inner, integer(o, "height"), integer(o, "width"))));
    kinds.put("ChannelsFirst", new Kind(Map.of(), (inner, o) -> new ChannelsFirst(inner)));
    kinds.put(
        "FrameStack",
        new Kind(Map.of("frames", 4L), (inner, o) -> new FrameStack(inner, integer(o, "frames"))));
    kinds.put("EpisodeStatistics", new Kind(Map.of(), (inner, o) -> new EpisodeStatistics(inner)));
    kinds.put(
        "TimeLimit",
        new Kind(
            Map.of(EnvironmentCatalogue.MAX_EPISODE_STEPS, 1000L),
            (inner, o) ->
                new TimeLimit(inner, integer(o, EnvironmentCatalogue.MAX_EPISODE_STEPS))));
    kinds.put(
        "RescaleAction",
        new Kind(
            Map.of("low", -1.0, "high", 1.0),
            (inner, o) ->
                new RescaleAction(inner, (float) o.number("low"), (float) o.number("high"))));
    return kinds;
  }

  private static int integer(EnvironmentOptions options, String name) {
    return Math.toIntExact(options.integer(name));
  }

  /**
   * Reads what a file says of wrappers.
   *
   * @param wrappers each a name, or a map from a name to the map of its options
   * @throws IllegalArgumentException if one is not known, or an option does not fit
   */
  static List<Wrapping> read(List<Object> wrappers) {
    return wrappers.stream().map(Wrapping::read).toList();
  }

  private static Wrapping read(Object wrapper) {
    if (wrapper instanceof String name) {
      return of(name, Map.of());
    }
    if (wrapper instanceof Map<?, ?> map && map.size() == 1) {
      Map.Entry<?, ?> only = map.entrySet().iterator().next();
      if (only.getValue() instanceof Map<?, ?> options) {
        Map<String, Object> given = new LinkedHashMap<>();
        options.forEach((key, value) -> given.put(String.valueOf(key), value));
        return of(String.valueOf(only.getKey()), given);
      }
    }
    throw new IllegalArgumentException(
        "a wrapper is %s but must be a name, alone or with its options, such as {MaxAndSkip: {skip: 4}}"
            .formatted(wrapper));
  }

  private static Wrapping of(String name, Map<String, Object> given) {
    Kind kind = kinds().get(name);
    if (kind == null) {
      if (name.indexOf('.') < 0) {
        throw new IllegalArgumentException(
            "no wrapper is called \"%s\"%s The wrappers are %s. A class of your own is named in full, such as com.example.MyWrapper"
                .formatted(
                    name,
                    NearestName.of(name, kinds().keySet())
                        .map(nearest -> "; did you mean \"" + nearest + "\"?")
                        .orElse(";"),
                    kinds().keySet()));
      }
      ownClass(name);
      kind = new Kind(Map.of(), (inner, o) -> inner);
    }
    Map<String, Object> options = new LinkedHashMap<>(kind.options);
    given.forEach(
        (key, value) ->
            options.put(
                key, EnvironmentCatalogue.typed(name, options, options.keySet(), key, value)));
    return new Wrapping(name, new EnvironmentOptions(options));
  }

  private static Constructor<? extends EnvironmentWrapper> ownClass(String name) {
    try {
      ClassLoader loader = Thread.currentThread().getContextClassLoader();
      return Class.forName(name, true, loader)
          .asSubclass(EnvironmentWrapper.class)
          .getConstructor(Environment.class);
    } catch (ReflectiveOperationException | LinkageError | ClassCastException e) {
      throw new IllegalArgumentException(
          "the wrapper %s cannot be made: it must be a class on the class path that extends %s and has a public constructor that takes an Environment"
              .formatted(name, EnvironmentWrapper.class.getName()),
          e);
    }
  }

  /** Wraps an environment, which is closed if it cannot be wrapped. */
  Environment wrap(Environment inner) {
    try {
      Kind kind = kinds().get(name);
      return kind == null ? wrapInOwn(inner) : kind.maker.wrap(inner, options);
    } catch (RuntimeException e) {
      inner.close();
      throw e;
    }
  }

  private Environment wrapInOwn(Environment inner) {
    try {
      return ownClass(name).newInstance(inner);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(
          "the constructor of " + name + " failed: " + e.getCause(), e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          name + " must be public and not abstract to be made by name", e);
    }
  }

  @Override
  public String toString() {
    return name + options.values();
  }
}
