package org.mobula.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.NearestName;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.Entry;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.TrainingConfig;

/** Environments by name for the command line, with mistakes told as those of a file. */
final class ConfiguredEnvironment {
  private static final EnvironmentCatalogue CATALOGUE = EnvironmentCatalogue.standard();

  private static final String UNKNOWN_REMEDY =
      "{mobula} environments lists them; a class of your own is named in full, such as"
          + " com.example.MyWorld.";
  private static final String CLASS_REMEDY =
      "--class-path PATHS adds folders and jars with your classes.";

  private ConfiguredEnvironment() {}

  static List<String> names() {
    return CATALOGUE.names();
  }

  /** Whether a file asks for an environment of the catalogue. */
  static boolean isBuiltIn(TrainingConfig config) {
    return CATALOGUE.names().contains(config.environment().name());
  }

  /** What is known of an environment. */
  static Entry describe(String name) {
    if (!CATALOGUE.names().contains(name) && name.indexOf('.') < 0) {
      throw CommandFailure.usage(unknown(name), UNKNOWN_REMEDY);
    }
    try {
      return CATALOGUE.describe(name);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(ErrorReport.message(e), CLASS_REMEDY);
    }
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
  static EnvironmentFactory named(String name) {
    describe(name);
    return CATALOGUE.factory(name, Map.of());
  }

  /** The environment that a file asks for. */
  static EnvironmentFactory of(TrainingConfig config, Path file, List<String> overrides) {
    String name = config.environment().name();
    String place = place(file, overrides, "name");
    if (!CATALOGUE.names().contains(name) && name.indexOf('.') < 0) {
      throw CommandFailure.setting(place, unknown(name), UNKNOWN_REMEDY);
    }
    try {
      CATALOGUE.describe(name);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.setting(place, ErrorReport.message(e), CLASS_REMEDY);
    }
    Map<String, Object> options = config.environment().options();
    for (Map.Entry<String, Object> option : options.entrySet()) {
      try {
        CATALOGUE.factory(name, Map.of(option.getKey(), option.getValue()));
      } catch (IllegalArgumentException e) {
        throw CommandFailure.setting(
            place(file, overrides, "options", option.getKey()),
            ErrorReport.message(e),
            "{mobula} environments " + name + " tells more.");
      }
    }
    return CATALOGUE.factory(name, options);
  }

  private static String place(Path file, List<String> overrides, String... keys) {
    List<String> path = new ArrayList<>(List.of("environment"));
    path.addAll(List.of(keys));
    return ConfigReader.place(file, overrides, path);
  }

  /** The policy that a file asks for. */
  static PolicySpec policy(
      TrainingConfig config, EnvironmentFactory factory, Path file, List<String> overrides) {
    try (Environment environment = factory.create()) {
      return config
          .algorithm()
          .policy(environment.observationSpace(), environment.actionSpace(), config.network());
    } catch (IllegalArgumentException e) {
      throw CommandFailure.setting(
          place(file, overrides, "name"),
          ErrorReport.message(e),
          "{mobula} environments " + config.environment().name() + " shows the spaces.");
    }
  }

  /** Why a policy cannot act in the environments of a factory, if it cannot. */
  static Optional<String> misfit(PolicySpec policy, String name, EnvironmentFactory factory) {
    try (Environment environment = factory.create()) {
      return PolicyFit.misfit(
          policy, name, environment.observationSpace(), environment.actionSpace());
    }
  }
}
