package org.mobula.cli.composition;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.NearestName;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.Entry;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationEnvironmentConfig;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.rollout.gymnasium.PythonEnvironments;
import org.mobula.rollout.gymnasium.PythonException;

/** Environments by name for the command line, with mistakes told as those of a file. */
public final class ConfiguredEnvironment {
  private static final EnvironmentCatalogue CATALOGUE = EnvironmentCatalogue.standard();

  private static final String UNKNOWN_REMEDY =
      "{mobula} environments lists them; a class of your own is named in full, such as"
          + " com.example.MyWorld.";
  private static final String CLASS_PATH_REMEDY =
      "--class-path PATHS adds folders and jars with your classes.";
  private static final String CLASS_REMEDY =
      "A class is made by its public constructor without parameters; in Java any factory makes it.";

  private static final List<String> EVALUATION = List.of("evaluation", "environment");

  private ConfiguredEnvironment() {}

  public static List<String> names() {
    return CATALOGUE.names();
  }

  /** Whether a file asks for an environment of the catalogue. */
  public static boolean isBuiltIn(TrainingConfig config) {
    return CATALOGUE.names().contains(config.environment().id());
  }

  /** Whether there is an environment to play episodes in: not where other processes alone do. */
  public static boolean canEvaluate(TrainingConfig config) {
    return config.environment().external() == null || config.evaluation().environment() != null;
  }

  /** Whether a name can be that of an environment: of the catalogue, of Python, or a class. */
  public static boolean isName(String name) {
    return CATALOGUE.names().contains(name) || name.indexOf('.') >= 0 || isPython(name);
  }

  /** Whether a name is that of an environment of Python's. */
  public static boolean isPython(String name) {
    return EnvironmentConfig.defaults(name).isPython();
  }

  /** What is known of an environment. */
  public static Entry describe(String name) {
    if (!isName(name)) {
      throw CommandFailure.usage(unknown(name), UNKNOWN_REMEDY);
    } else if (isPython(name)) {
      return new Entry(
          name,
          "Stepped in Python.",
          0,
          Map.of(),
          new PythonMaker(EnvironmentConfig.defaults(name)));
    }
    try {
      return CATALOGUE.describe(name);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(ErrorReport.message(e), classRemedy(e));
    }
  }

  private static String classRemedy(IllegalArgumentException error) {
    Throwable cause = error.getCause();
    return cause instanceof ClassNotFoundException || cause instanceof LinkageError
        ? CLASS_PATH_REMEDY
        : CLASS_REMEDY;
  }

  private static String unknown(String name) {
    return "no environment is called \""
        + name
        + "\""
        + NearestName.of(name, CATALOGUE.names())
            .map(nearest -> "; did you mean \"" + nearest + "\"?")
            .orElse("");
  }

  /** A factory with default options. */
  public static EnvironmentFactory named(String name) {
    return named(name, (String) null);
  }

  /** As {@link #named(String)}, where one of Python's is stepped by this Python. */
  public static EnvironmentFactory named(String name, @Nullable String python) {
    describe(name);
    return of(EnvironmentConfig.defaults(name).withPython(python));
  }

  /** As {@link #named(String)}, where one of Python's is stepped as those of a run are. */
  public static EnvironmentFactory named(String name, TrainingConfig trained) {
    EnvironmentConfig run = trained.environment();
    describe(name);
    return of(
        EnvironmentConfig.defaults(name)
            .withPython(run.python())
            .withPythonPath(run.pythonPath())
            .withStepTimeout(run.stepTimeout()));
  }

  private static EnvironmentFactory of(EnvironmentConfig environment) {
    ExternalEnvironmentConfig external = environment.external();
    if (external != null) {
      return external.factory();
    }
    return environment.isPython()
        ? PythonEnvironments.of(environment)
        : CATALOGUE.factory(environment.id(), environment.options(), environment.wrappers());
  }

  /** The environment of a file that has been looked over. */
  public static EnvironmentFactory of(TrainingConfig config) {
    return of(config.environment());
  }

  /** Has a trainer learn, and judge the policy, where a file that has been looked over says. */
  public static void plug(
      TrainingConfig config, EnvironmentFactory environment, Trainer.Builder trainer) {
    trainer.environment(environment);
    if (config.evaluation().environment() != null) {
      trainer.evaluationEnvironment(ofEvaluation(config));
    }
  }

  private static EnvironmentFactory ofEvaluation(TrainingConfig config) {
    EvaluationEnvironmentConfig other = config.evaluation().environment();
    return of(other == null ? config.environment() : other.in(config.environment()));
  }

  /** The environment that a file asks for. */
  public static EnvironmentFactory of(TrainingConfig config, Path file, List<String> overrides) {
    if (config.environment().isPython() || config.environment().external() != null) {
      return of(config);
    }
    return factory(
        config.environment(), keys -> place(file, overrides, List.of("environment"), keys));
  }

  private static EnvironmentFactory factory(
      EnvironmentConfig environment, Function<List<String>, String> placeOf) {
    String name = environment.id();
    String place = placeOf.apply(List.of("name"));
    if (!isName(name)) {
      throw CommandFailure.setting(place, unknown(name), UNKNOWN_REMEDY);
    }
    try {
      CATALOGUE.describe(name);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.setting(place, ErrorReport.message(e), classRemedy(e));
    }
    for (Map.Entry<String, Object> option : environment.options().entrySet()) {
      try {
        CATALOGUE.factory(name, Map.of(option.getKey(), option.getValue()));
      } catch (IllegalArgumentException e) {
        throw CommandFailure.setting(
            placeOf.apply(List.of("options", option.getKey())),
            ErrorReport.message(e),
            "{mobula} environments " + name + " shows more.");
      }
    }
    try {
      return of(environment);
    } catch (IllegalArgumentException e) { // names and options are right
      throw CommandFailure.setting(
          placeOf.apply(List.of("wrappers")),
          ErrorReport.message(e),
          "README.md of rl-core shows what each wrapper does.");
    }
  }

  /** The name of the environment that a file's policy is judged in. */
  public static String evaluationName(TrainingConfig config) {
    EvaluationEnvironmentConfig other = config.evaluation().environment();
    return other == null || other.name() == null ? config.environment().id() : other.name();
  }

  /** The environment that a file's policy is judged in. */
  public static EnvironmentFactory ofEvaluation(
      TrainingConfig config, Path file, List<String> overrides) {
    EvaluationEnvironmentConfig other = config.evaluation().environment();
    if (other == null) {
      return of(config, file, overrides);
    }
    return isPython(evaluationName(config))
        ? ofEvaluation(config)
        : factory(other.in(config.environment()), keys -> place(file, overrides, EVALUATION, keys));
  }

  /** Whether the policy can be judged in the environment that a file names for it, if it does. */
  public static void checkEvaluation(
      TrainingConfig config, PolicySpec policy, Path file, List<String> overrides) {
    EvaluationEnvironmentConfig other = config.evaluation().environment();
    if (other == null) {
      return;
    }
    EnvironmentFactory factory = ofEvaluation(config, file, overrides);
    try {
      misfit(policy, evaluationName(config), factory)
          .ifPresent(
              misfit -> {
                throw CommandFailure.setting(
                    place(file, overrides, EVALUATION, List.of("name")),
                    misfit,
                    "Name one with the spaces of " + config.environment().id() + ".");
              });
    } catch (PythonException e) {
      String key = other.name() == null ? "options" : "name";
      throw inPython(place(file, overrides, EVALUATION, List.of(key)), config.environment(), e);
    }
  }

  private static String place(
      Path file, List<String> overrides, List<String> section, List<String> keys) {
    List<String> path = new ArrayList<>(section);
    path.addAll(keys);
    return ConfigReader.place(file, overrides, path);
  }

  /** The policy that a file asks for. */
  public static PolicySpec policy(
      TrainingConfig config, EnvironmentFactory factory, Path file, List<String> overrides) {
    try {
      return ExperienceSetup.policy(config, factory);
    } catch (InvalidValueException e) { // its key is one of the algorithm's
      String key = ConfigFiles.alternatives().key(AlgorithmConfig.class, config.algorithm());
      List<String> keys = List.of(e.violations().get(0).key().split("\\."));
      throw misfit(config, place(file, overrides, List.of("algorithm", key), keys), e);
    } catch (IllegalArgumentException e) {
      String key = config.environment().external() == null ? "name" : "external";
      throw misfit(config, place(file, overrides, List.of("environment"), List.of(key)), e);
    } catch (PythonException e) {
      EnvironmentConfig environment = config.environment();
      String key = environment.envpool() == null ? "gymnasium" : "envpool";
      throw inPython(place(file, overrides, List.of("environment"), List.of(key)), environment, e);
    }
  }

  private static CommandFailure inPython(
      String place, EnvironmentConfig environment, PythonException e) {
    return CommandFailure.setting(
        place,
        ErrorReport.message(e),
        "{mobula} doctor"
            + (environment.python() == null ? "" : " --python " + environment.python())
            + " shows the packages of that Python.");
  }

  private static CommandFailure misfit(
      TrainingConfig config, String place, IllegalArgumentException e) {
    return CommandFailure.setting(
        place,
        ErrorReport.message(e),
        config.environment().external() == null
            ? "{mobula} environments " + config.environment().id() + " shows the spaces."
            : "Say other spaces, or learn by another algorithm.");
  }

  /** Why a policy cannot act in the environments of a factory, if it cannot. */
  public static Optional<String> misfit(
      PolicySpec policy, String name, EnvironmentFactory factory) {
    try (Environment environment = factory.create()) {
      return PolicyFit.misfit(
          policy, name, environment.observationSpace(), environment.actionSpace());
    }
  }
}
