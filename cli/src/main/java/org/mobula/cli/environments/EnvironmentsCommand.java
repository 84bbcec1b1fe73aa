package org.mobula.cli.environments;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.options.JsonOption;
import org.mobula.cli.output.Json;
import org.mobula.cli.output.Table;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentChecker;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.Entry;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code environments}. */
@Command(
    name = "environments",
    description = {
      "List the environments, describe one, or check whether it keeps its promises.",
      "Exit code 1 when --check finds a broken promise."
    })
public final class EnvironmentsCommand implements Callable<Integer> {
  private static final int SHOWN_BOUNDS = 12;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description =
          "One environment; a class of your own is named in full, those of Python are"
              + " gymnasium:LunarLander-v3 or envpool:Pong-v5.")
  private @Nullable String name;

  @Option(
      names = "--python",
      paramLabel = "PYTHON",
      description =
          "The Python of such an environment: an interpreter, or the folder of a virtual"
              + " environment; python3 of the PATH unless given.")
  private @Nullable String python;

  @Option(names = "--check", description = "Try it out and print all broken promises.")
  private boolean check;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonOption json;

  /** An environment in the catalogue. */
  record Description(
      String name,
      String description,
      String observationSpace,
      String actionSpace,
      int maxEpisodeSteps,
      Map<String, Object> options) {}

  /** What the checker found in an environment. */
  record Finding(String name, List<String> broken, List<String> warnings) {}

  @Override
  public Integer call() throws IOException {
    List<String> names = name == null ? ConfiguredEnvironment.names() : List.of(name);
    PrintWriter out = spec.commandLine().getOut();
    if (check) {
      return check(names, out);
    }
    if (json.isGiven()) {
      List<Description> all = names.stream().map(this::describe).toList();
      out.println(Json.of(name == null ? all : all.get(0)));
    } else if (name == null) {
      Table table = new Table();
      names.forEach(each -> table.row(each, ConfiguredEnvironment.describe(each).description()));
      table.print(out);
    } else {
      print(describe(name), out);
    }
    return ExitCode.OK;
  }

  private int check(List<String> names, PrintWriter out) throws IOException {
    List<Finding> findings =
        names.stream()
            .map(
                each -> {
                  EnvironmentChecker.Report report =
                      EnvironmentChecker.inspect(ConfiguredEnvironment.named(each, python));
                  return new Finding(each, report.errors(), report.warnings());
                })
            .toList();
    if (json.isGiven()) {
      out.println(Json.of(name == null ? findings : findings.get(0)));
    } else {
      for (Finding finding : findings) {
        finding.broken().forEach(error -> out.println(finding.name() + ": broken: " + error));
        finding.warnings().forEach(warning -> out.println(finding.name() + ": note: " + warning));
        if (finding.broken().isEmpty()) {
          out.println(finding.name() + ": keeps all its promises");
        }
      }
    }
    boolean broken = findings.stream().anyMatch(finding -> !finding.broken().isEmpty());
    return broken ? ExitCode.SOFTWARE : ExitCode.OK;
  }

  private Description describe(String name) {
    Entry entry = ConfiguredEnvironment.describe(name);
    try (Environment environment = ConfiguredEnvironment.named(name, python).create()) {
      return new Description(
          entry.name(),
          entry.description(),
          describe(environment.observationSpace()),
          describe(environment.actionSpace()),
          entry.maxEpisodeSteps(),
          new TreeMap<>(entry.options()));
    }
  }

  private static String describe(Space space) {
    if (!(space instanceof Box box) || box.size() > SHOWN_BOUNDS) {
      return space.toString();
    }
    StringBuilder bounds = new StringBuilder(box.toString());
    for (int i = 0; i < box.size(); i++) {
      bounds.append(i == 0 ? ", " : " × ");
      bounds.append('[').append(bound(box.low(i))).append(", ").append(bound(box.high(i)));
      bounds.append(']');
    }
    return bounds.toString();
  }

  private static String bound(float bound) {
    if (Float.isInfinite(bound)) {
      return bound < 0 ? "-∞" : "∞";
    }
    return Math.abs(bound) > 1e30
        ? String.format(Locale.ROOT, "%.1e", bound)
        : Float.toString(bound);
  }

  private static void print(Description environment, PrintWriter out) {
    out.println(environment.name() + ": " + environment.description());
    Table table =
        new Table()
            .row("observations", environment.observationSpace())
            .row("actions", environment.actionSpace())
            .row(
                "episode limit",
                environment.maxEpisodeSteps() == 0
                    ? "none unless max-episode-steps is set or it has one itself"
                    : environment.maxEpisodeSteps() + " steps (max-episode-steps)");
    environment
        .options()
        .forEach((option, standard) -> table.row("option " + option, "default " + standard));
    table.print(out);
  }
}
