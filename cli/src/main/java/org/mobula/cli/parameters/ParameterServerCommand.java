package org.mobula.cli.parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.options.SettingsOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code parameter-server}. */
@Command(
    name = "parameter-server",
    description = {
      "Hold one shard of the parameters of a training file, until a signal ends it.",
      "Learners reach it by parameters.server.addresses in their file, or by train --join."
    },
    subcommands = ParameterServerStatusCommand.class)
public final class ParameterServerCommand implements Callable<Integer> {
  private static final Pattern SHARD = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "CONFIG", description = "The training file.")
  private @Nullable Path config;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private SettingsOption settings;

  @Option(
      names = "--shard",
      paramLabel = "I/N",
      defaultValue = "0/1",
      description = "Which of how many shards, from 0 (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private String shard;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1:0",
      description =
          "host:port or unix:/path to listen at; port 0 takes a free one (default:"
              + " ${DEFAULT-VALUE}). Other than loopback needs --token-file.")
  @SuppressWarnings("NullAway.Init") // has a default
  private String listen;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with the token that learners must have.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--certificate",
      paramLabel = "FILE",
      description = "PEM file with the certificate chain for TLS.")
  private @Nullable Path certificate;

  @Option(
      names = "--private-key",
      paramLabel = "FILE",
      description = "PEM file with the certificate's PKCS #8 key.")
  private @Nullable Path privateKey;

  @Option(
      names = "--replica",
      description =
          "Hold nothing but follow a primary that names this one by --replicate-to; it may be started"
              + " before or after it, and again at any time.")
  private boolean replica;

  @Option(
      names = "--replicate-to",
      paramLabel = "ADDRESS",
      description =
          "The replica that takes over when this shard fails; it is tried again until it is there.")
  private @Nullable String replicateTo;

  @Option(
      names = "--restore",
      paramLabel = "RUN",
      description = "Resume from a run's newest checkpoint, or from a checkpoint's directory.")
  private @Nullable Path restore;

  @Option(
      names = "--metrics",
      paramLabel = "ADDRESS",
      description =
          "host:port at which Prometheus can ask for the shard's metrics; with the token, if there"
              + " is one.")
  private @Nullable String metrics;

  @Option(
      names = "--prometheus",
      paramLabel = "FILE",
      description = "Keep the shard's metrics there, for the node exporter's text-file collector.")
  private @Nullable Path prometheus;

  @Option(names = "--json", description = "Print where it listens as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (config == null) {
      throw new ParameterException(
          spec.commandLine(), "give the CONFIG whose parameters the shard is to hold");
    }
    Matcher place = SHARD.matcher(shard);
    if (!place.matches() || number(place, 1) >= number(place, 2)) {
      throw new ParameterException(
          spec.commandLine(), "--shard is " + shard + " but must be I/N with I < N, such as 0/2");
    }
    if (replica && (replicateTo != null || restore != null)) {
      throw new ParameterException(
          spec.commandLine(), "a --replica follows: leave out --replicate-to and --restore");
    }
    ShardProcess.Options options =
        new ShardProcess.Options(
            config,
            settings.settings(),
            number(place, 1),
            number(place, 2),
            listen,
            tokenFile,
            certificate,
            privateKey,
            replica,
            replicateTo,
            restore,
            metrics,
            prometheus,
            json);
    return ShardProcess.run(options, spec.commandLine().getOut());
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }
}
