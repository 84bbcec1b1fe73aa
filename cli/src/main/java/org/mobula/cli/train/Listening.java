package org.mobula.cli.train;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.wire.Address;
import org.mobula.serve.EpisodeServer;
import org.mobula.serve.ServeConfig;

/**
 * Where a run listens for episodes that other processes play.
 *
 * @param tokenFile with the token that clients must bring; null where loopback lets everybody in
 */
record Listening(Address.Tcp address, @Nullable Path tokenFile) {
  /** How long the last answers may take: clients hear that the training is over. */
  private static final Duration DRAIN = Duration.ofSeconds(2);

  static Listening at(String address, @Nullable Path tokenFile) {
    try {
      if (Address.parse(address) instanceof Address.Tcp tcp) {
        ConfigFiles.checkToken(tokenFile);
        return new Listening(tcp, tokenFile);
      }
    } catch (IllegalArgumentException e) {
      // Said below: what stands there may well be the training file.
    }
    throw CommandFailure.usage(
        "%s is %s but must be HOST:PORT".formatted(TrainCommand.LISTEN, address),
        "Such as --listen 127.0.0.1:8080; CONFIG stands before --listen.");
  }

  /** Refuses a file whose environment does not go with what the command line says. */
  static void check(
      @Nullable Listening listening, TrainingConfig config, Path file, List<String> overrides) {
    if (config.algorithm().learnsFromRecordings() && listening != null) {
      throw CommandFailure.usage(
          "--listen takes episodes that other processes play, but %s learns from what was recorded"
              .formatted(file),
          "Leave out --listen.");
    } else if (config.algorithm().learnsFromRecordings()) {
      return;
    }
    if (config.environment().external() == null) {
      if (listening != null) {
        throw CommandFailure.usage(
            "--listen takes episodes that other processes play, but %s has environment %s"
                .formatted(file, config.environment().id()),
            "Leave out --listen, or say the spaces: environment: {external: {observations: …,"
                + " actions: …}}.");
      }
      return;
    }
    String place = ConfigReader.place(file, overrides, List.of("environment", "external"));
    if (listening == null) {
      throw CommandFailure.setting(
          place,
          "other processes play the environment, but nothing listens for them",
          "Add --listen.");
    }
    ServerConfig server = ConfigFiles.server(config);
    if (server != null && server.learners() > 1) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("parameters", "server", "learners")),
          "learners is %s but must be 1 where other processes play the environment"
              .formatted(server.learners()),
          "Leave it out.");
    }
  }

  /**
   * Listens from now on.
   *
   * @param name of the policy
   */
  EpisodeServer start(String name, TrainingConfig config) {
    ServeConfig settings =
        ServeConfig.defaults()
            .with(
                serve ->
                    serve
                        .host(address.host())
                        .port(address.port())
                        .adminTokenFile(tokenFile)
                        .drainTimeout(DRAIN));
    try {
      return EpisodeServer.start(name, config.environment(), settings);
    } catch (InvalidValueException e) {
      throw CommandFailure.usage(
          "--listen %s: %s".formatted(address, ErrorReport.message(e)),
          "Listen at 127.0.0.1, or give --token-file.");
    } catch (IOException e) {
      throw CommandFailure.usage("--listen: " + ErrorReport.message(e), "Port 0 takes a free one.");
    }
  }
}
