package org.mobula.core.environment.catalogue;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.config.NearestName;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.environment.classic.Acrobot;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.classic.ContinuousMountainCar;
import org.mobula.core.environment.classic.MountainCar;
import org.mobula.core.environment.classic.Pendulum;

/** Environments by name. Immutable: {@link #with} makes a larger one. */
public final class EnvironmentCatalogue {
  /** The option of every environment: the step at which episodes are truncated. */
  public static final String MAX_EPISODE_STEPS = "max-episode-steps";

  /** Makes an environment, given a value for each of its options. */
  @FunctionalInterface
  public interface Maker extends Serializable {
    /** A new environment, without the time limit. */
    Environment make(EnvironmentOptions options);
  }

  /** Makes environments in batches, given a value for each of their options. */
  public interface VectorMaker extends Maker {
    /** A new batch of so many environments, which truncates their episodes itself. */
    VectorEnvironment make(EnvironmentOptions options, int count);

    @Override
    default Environment make(EnvironmentOptions options) {
      VectorEnvironmentFactory batches = count -> make(options, count);
      return batches.create();
    }
  }

  /**
   * What is known of an environment.
   *
   * @param name as asked for
   * @param description one sentence
   * @param maxEpisodeSteps when episodes are truncated unless told otherwise; 0 for never, as for
   *     those that come in batches
   * @param options the names of its options and their defaults, each a {@code Boolean}, {@code
   *     Double}, {@code Long} or {@code String}, which is also the type that is accepted
   * @param maker makes it
   */
  public record Entry(
      String name,
      String description,
      int maxEpisodeSteps,
      Map<String, Object> options,
      Maker maker) {
    /** Copies the options. */
    public Entry {
      if (maxEpisodeSteps < 0) {
        throw new IllegalArgumentException(
            name + ": maxEpisodeSteps is " + maxEpisodeSteps + " but must be >= 0, 0 for never");
      }
      if (maxEpisodeSteps > 0 && maker instanceof VectorMaker) {
        throw new IllegalArgumentException(
            "%s: maxEpisodeSteps is %s but must be 0: a batch truncates its episodes itself"
                .formatted(name, maxEpisodeSteps));
      }
      options = Map.copyOf(options);
    }
  }

  private final Map<String, Entry> entries;

  private EnvironmentCatalogue(Map<String, Entry> entries) {
    this.entries = entries;
  }

  /** No environments. */
  public static EnvironmentCatalogue empty() {
    return new EnvironmentCatalogue(Map.of());
  }

  /**
   * All built-in environments: classic control, toy text and Box2D under the names and with the
   * defaults of Gymnasium, MinAtar's games under its names, a grid world and tasks for a memory.
   */
  public static EnvironmentCatalogue standard() {
    EnvironmentCatalogue catalogue = classic();
    for (List<Entry> entries :
        List.of(TabularEntries.all(), MinAtarEntries.all(), Box2dEntries.all())) {
      for (Entry entry : entries) {
        catalogue = catalogue.with(entry);
      }
    }
    return catalogue;
  }

  private static EnvironmentCatalogue classic() {
    return empty()
        .with(
            new Entry(
                "CartPole-v1",
                "Balance a pole on a cart by pushing the cart left or right.",
                500,
                Map.of("sutton-barto-reward", false),
                options -> new CartPole(options.flag("sutton-barto-reward"))))
        .with(
            new Entry(
                "Acrobot-v1",
                "Swing the tip of two hanging links above a line by torque on the middle joint.",
                500,
                Map.of(),
                options -> new Acrobot()))
        .with(
            new Entry(
                "MountainCar-v0",
                "Rock a weak car out of a valley; three pushes to choose from.",
                200,
                Map.of("goal-velocity", 0.0),
                options -> new MountainCar(options.number("goal-velocity"))))
        .with(
            new Entry(
                "MountainCarContinuous-v0",
                "Rock a weak car out of a valley with little effort; a push from -1 to 1.",
                999,
                Map.of("goal-velocity", 0.0),
                options -> new ContinuousMountainCar(options.number("goal-velocity"))))
        .with(
            new Entry(
                "Pendulum-v1",
                "Swing a pendulum up and hold it there by a torque from -2 to 2 N m.",
                200,
                Map.of("g", 10.0),
                options -> new Pendulum(options.number("g"))));
  }

  /** This catalogue and one entry more. */
  public EnvironmentCatalogue with(Entry entry) {
    if (entries.containsKey(entry.name())) {
      throw new IllegalArgumentException(
          "the catalogue already has an environment called \"" + entry.name() + "\"");
    }
    Map<String, Entry> more = new LinkedHashMap<>(entries);
    more.put(entry.name(), entry);
    return new EnvironmentCatalogue(more);
  }

  /** All names, in the order in which they were added. */
  public List<String> names() {
    return List.copyOf(entries.keySet());
  }

  /**
   * What is known of an environment.
   *
   * @param name one of {@link #names}, or the full name of a class that implements {@link
   *     Environment} or {@link VectorEnvironmentFactory} and has a public constructor without
   *     parameters
   */
  public Entry describe(String name) {
    Entry entry = entries.get(name);
    if (entry != null) {
      return entry;
    }
    if (name.indexOf('.') < 0) {
      throw new IllegalArgumentException(
          "no environment is called \""
              + name
              + "\""
              + NearestName.of(name, entries.keySet())
                  .map(nearest -> "; did you mean \"" + nearest + "\"?")
                  .orElse(";")
              + " EnvironmentCatalogue.names() lists them: "
              + names()
              + ". A class of your own is named in full, such as com.example.MyWorld");
    }
    return new Entry(name, "The class " + name + ".", 0, Map.of(), ClassMaker.of(name));
  }

  /**
   * Makes the environment of that name with its own settings; see {@link #factory(String, Map)}.
   */
  public EnvironmentFactory factory(String name) {
    return factory(name, Map.of());
  }

  /**
   * A factory of the named environment: a {@link VectorEnvironmentFactory} where it comes in
   * batches.
   *
   * @param name as in {@link #describe}
   * @param options values for some of its options, {@link #MAX_EPISODE_STEPS} among them
   */
  public EnvironmentFactory factory(String name, Map<String, Object> options) {
    return factory(name, options, List.of());
  }

  /**
   * A factory of the named environment in wrappers.
   *
   * @param options as in {@link #factory(String, Map)}
   * @param wrappers the innermost first, outside of the time limit. Each is the simple name of one
   *     of the wrappers in {@code org.mobula.core.environment}, or the full name of a class that
   *     extends {@link org.mobula.core.environment.EnvironmentWrapper} and has a public constructor
   *     that takes an {@code Environment}: alone, or as the only key of a map to the map of its
   *     options, such as {@code Map.of("MaxAndSkip", Map.of("skip", 4))}
   */
  public EnvironmentFactory factory(
      String name, Map<String, Object> options, List<Object> wrappers) {
    Entry entry = describe(name);
    List<Wrapping> wrappings = Wrapping.read(wrappers);
    if (!wrappings.isEmpty() && entry.maker() instanceof VectorMaker) {
      throw new IllegalArgumentException(
          "%s: wrappers are %s, but they take one environment each and this one comes in batches; leave them out, and let the batch do it"
              .formatted(name, wrappers));
    }
    Map<String, Object> complete = new LinkedHashMap<>(entry.options());
    int maxEpisodeSteps = entry.maxEpisodeSteps();
    for (Map.Entry<String, Object> option : options.entrySet()) {
      if (option.getKey().equals(MAX_EPISODE_STEPS)) {
        if (entry.maker() instanceof VectorMaker) {
          throw new IllegalArgumentException(
              "%s: %s is %s, but a batch truncates its episodes itself; leave the option out"
                  .formatted(name, MAX_EPISODE_STEPS, option.getValue()));
        }
        maxEpisodeSteps = steps(name, option.getValue());
      } else {
        List<String> known = new ArrayList<>(entry.options().keySet());
        known.add(MAX_EPISODE_STEPS);
        complete.put(
            option.getKey(),
            typed(entry.name(), entry.options(), known, option.getKey(), option.getValue()));
      }
    }
    EnvironmentOptions given = new EnvironmentOptions(complete);
    return entry.maker() instanceof VectorMaker batches
        ? new CatalogueBatches(name, given, batches)
        : new CatalogueFactory(name, maxEpisodeSteps, given, entry.maker(), wrappings);
  }

  private static int steps(String name, Object value) {
    if (value instanceof Number number
        && number.doubleValue() == number.intValue()
        && number.intValue() >= 1) {
      return number.intValue();
    }
    throw new IllegalArgumentException(
        name + ": " + MAX_EPISODE_STEPS + " is " + value + " but must be a whole number >= 1");
  }

  /**
   * A value as an option takes it.
   *
   * @param name of what has the options
   * @param options and their defaults
   * @param known names that a wrong one may stand for
   */
  static Object typed(
      String name,
      Map<String, Object> options,
      Collection<String> known,
      String option,
      Object value) {
    Object standard = options.get(option);
    if (standard == null) {
      throw new IllegalArgumentException(
          name
              + " has no option \""
              + option
              + "\""
              + NearestName.of(option, known)
                  .map(nearest -> "; did you mean \"" + nearest + "\"?")
                  .orElse(";")
              + " Its options are "
              + known);
    }
    if (standard instanceof Double && value instanceof Number number) {
      return number.doubleValue();
    }
    if (standard instanceof Long
        && value instanceof Number number
        && number.doubleValue() == number.longValue()) {
      return number.longValue();
    }
    if (standard.getClass().isInstance(value)) {
      return value;
    }
    throw new IllegalArgumentException(
        name
            + ": "
            + option
            + " is "
            + value
            + " but must be a "
            + standard.getClass().getSimpleName()
            + " such as "
            + standard);
  }

  private record CatalogueBatches(String name, EnvironmentOptions options, VectorMaker maker)
      implements VectorEnvironmentFactory {
    @Override
    public VectorEnvironment create(int count) {
      return maker.make(options, count);
    }

    @Override
    public String toString() {
      return name + options.values() + " in batches";
    }
  }

  private record CatalogueFactory(
      String name,
      int maxEpisodeSteps,
      EnvironmentOptions options,
      Maker maker,
      List<Wrapping> wrappings)
      implements EnvironmentFactory {
    @Override
    public Environment create() {
      Environment environment = maker.make(options);
      if (maxEpisodeSteps > 0) {
        environment = new TimeLimit(environment, maxEpisodeSteps);
      }
      for (Wrapping wrapping : wrappings) {
        environment = wrapping.wrap(environment);
      }
      return environment;
    }

    @Override
    public String toString() {
      return name
          + options.values()
          + (maxEpisodeSteps == 0 ? "" : " for " + maxEpisodeSteps + " steps")
          + (wrappings.isEmpty() ? "" : " in " + wrappings);
    }
  }
}
