package org.mobula.cli.composition;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.SecretFile;
import org.mobula.core.parameters.ParametersConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ServerConfigBuilder;
import org.mobula.parameterserver.shard.ShardRanges;

/** Training files, with all that the modules add to them. */
public final class ConfigFiles {
  private static final String NEW_TOKEN =
      "Make a token: (umask 077; head -c 24 /dev/urandom | base64 >token)";

  private ConfigFiles() {}

  /** What open interfaces stand for in a training file. */
  public static Alternatives alternatives() {
    return TrainingConfig.algorithms()
        .and(ParametersConfig.class, Map.of("server", ServerConfig.class));
  }

  /** The key that a training file has for its algorithm. */
  public static String algorithm(TrainingConfig config) {
    return alternatives().key(AlgorithmConfig.class, config.algorithm());
  }

  /** Reads a file that was written by a run. */
  public static TrainingConfig read(Path file) {
    return ConfigReader.read(file, TrainingConfig.class, List.of(), alternatives());
  }

  /** Reads a file that somebody wrote. */
  public static TrainingConfig read(Path file, List<String> overrides) {
    TrainingConfig config =
        ConfigReader.read(file, TrainingConfig.class, overrides, alternatives());
    ServerConfig server = server(config);
    if (server != null) {
      try {
        ParameterServer.check(config, server);
      } catch (IllegalArgumentException e) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("parameters", "server")),
            ErrorReport.message(e),
            "Change it, or learn with one learner.");
      }
    }
    return config;
  }

  /**
   * Before a run begins: whether the parameters can be cut into the shards asked for, and the token
   * of running ones be read.
   */
  public static void checkShards(
      TrainingConfig config, PolicySpec policy, Path file, List<String> overrides) {
    ServerConfig server = server(config);
    if (server == null) {
      return;
    }
    try {
      ShardRanges.cut(config.layout(policy), server.shards());
    } catch (IllegalArgumentException e) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("parameters", "server", "shards")),
          ErrorReport.message(e),
          "Take fewer shards, or a larger network.");
    }
    String token = server.tokenFile();
    if (token != null) {
      try {
        SecretFile.check(Path.of(token));
      } catch (IOException | IllegalArgumentException e) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("parameters", "server", "token-file")),
            ErrorReport.message(e),
            NEW_TOKEN);
      }
    }
  }

  /** Refuses a token on the command line that cannot be read, or that others can read, too. */
  public static void checkToken(@Nullable Path file) {
    try {
      if (file != null) {
        SecretFile.check(file);
      }
    } catch (IOException | IllegalArgumentException e) {
      throw CommandFailure.usage(ErrorReport.message(e), NEW_TOKEN);
    }
  }

  /** The parameter server that a file asks for; null for parameters in the trainer's memory. */
  public static @Nullable ServerConfig server(TrainingConfig config) {
    return config.parameters() instanceof ServerConfig server ? server : null;
  }

  /**
   * The parameter server that the command line tells of, for the rest as a file says.
   *
   * @param addresses of the shards; none for one of them
   */
  public static ServerConfig server(
      TrainingConfig config, int shards, List<String> addresses, @Nullable Path tokenFile) {
    checkToken(tokenFile);
    ServerConfig given = server(config);
    try {
      return ServerConfigBuilder.builder(given == null ? ServerConfig.defaults() : given)
          .shards(shards)
          .addresses(addresses)
          .tokenFile(tokenFile == null ? null : tokenFile.toString())
          .build();
    } catch (InvalidValueException e) {
      throw CommandFailure.usage(
          ErrorReport.message(e), "Name each shard in the order of the parameters.");
    }
  }
}
