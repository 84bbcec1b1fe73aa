package org.mobula.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.options.RunsOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code serve}. */
@Command(
    name = "serve",
    description = {
      "Answer requests for actions over HTTP and gRPC, until a signal ends it.",
      "A run is followed while it trains: its newest checkpoint answers."
    })
public final class ServeCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "RUN_OR_CHECKPOINT",
      description =
          "Runs, checkpoints or policy.safetensors files, each served by the name of its directory,"
              + " and TorchScript files (.pt), by their own; or as NAME=PATH.")
  private List<String> policies = List.of();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "What to serve, and how; mobula serve --schema describes it.")
  private @Nullable Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Set any key of the file, or of one that is empty, such as body-limit=1_000_000. Can be repeated.")
  private List<String> settings = List.of();

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "Name or address to listen at (default: 127.0.0.1).")
  private @Nullable String host;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port to listen at, 0 for a free one (default: 8080).")
  private @Nullable Integer port;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      description = "Port to listen at for gRPC too, 0 for a free one (default: none).")
  private @Nullable Integer grpcPort;

  @Option(
      names = "--record",
      paramLabel = "DIRECTORY",
      description =
          "Record answers and rewards for offline learning there, as Parquet files"
              + " (DIRECTORY/MODEL/steps and …/rewards).")
  private @Nullable Path record;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private RunsOption runsOption;

  @Option(names = "--json", description = "Print where it listens as JSON.")
  private boolean json;

  @Option(names = "--schema", description = "Print the JSON Schema of the file and end.")
  private boolean schema;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (schema) {
      spec.commandLine().getOut().println(ServeProcess.schema());
      return 0;
    }
    if (config == null && policies.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "give a RUN_OR_CHECKPOINT, or a --config with models");
    }
    return ServeProcess.run(
        new ServeProcess.Options(
            policies, runsOption.directory(), config, settings, host, port, grpcPort, record, json),
        spec.commandLine().getOut());
  }
}
