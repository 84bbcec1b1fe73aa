package org.mobula.cli.parameters;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.JsonLine;
import org.mobula.cli.output.Table;
import org.mobula.parameterserver.ShardProbe;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "status",
    description = "Ask running shards how they fare: version, queue, staleness, bytes, apply time.")
final class ParameterServerStatusCommand implements Callable<Integer> {
  private static final long NANOS_A_SECOND = 1_000_000_000;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "ADDRESS", description = "host:port or unix:/path.")
  private List<String> addresses = List.of();

  @Option(names = "--token-file", paramLabel = "FILE", description = "The shards' token.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--trusted-certificates",
      paramLabel = "FILE",
      description = "PEM file with the certificates to trust, for shards with TLS.")
  private @Nullable Path trusted;

  @Option(names = "--json", description = "Print a JSON object for each shard, one a line.")
  private boolean json;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    ConfigFiles.checkToken(tokenFile);
    List<Address> asked = new ArrayList<>();
    List<String> events = new ArrayList<>();
    List<RuntimeException> failures = new ArrayList<>();
    for (String text : addresses) {
      try {
        asked.add(Address.parse(text));
      } catch (IllegalArgumentException e) {
        throw CommandFailure.usage(ErrorReport.message(e), "A shard prints its address.");
      }
    }
    Table table =
        new Table()
            .row(
                "ADDRESS",
                "ROLE",
                "RUN",
                "TRAINER",
                "EPOCH",
                "VERSION",
                "LEARNERS",
                "WAITING",
                "STALENESS",
                "LATE",
                "IN",
                "OUT",
                "APPLY",
                "DEVICE");
    for (Address address : asked) {
      ShardStatus status;
      try {
        status = ShardProbe.ask(address, tokenFile, trusted);
      } catch (RuntimeException e) {
        failures.add(e);
        table.row(address.toString(), "no answer");
        if (json) {
          out.println(
              new JsonLine()
                  .text("address", address.toString())
                  .text("error", ErrorReport.message(e)));
        }
        continue;
      }
      Claim claim = status.lineage().claim();
      if (json) {
        JsonLine line =
            new JsonLine()
                .text("address", address.toString())
                .text("role", ShardFigures.role(status))
                .text("device", status.device())
                .text("settings", status.agreement())
                .integer("from", status.from())
                .integer("to", status.to());
        if (claim != null) {
          line.text("run", claim.run())
              .text("trainer_host", claim.host())
              .integer("trainer_process", claim.process())
              .text("trainer_since", Instant.ofEpochMilli(claim.since()).toString())
              .integer("term", claim.term());
        }
        ShardFigures.of(status).forEach(line::number);
        line.objects(
            "events",
            status.recentEvents().stream()
                .map(
                    past ->
                        new JsonLine()
                            .integer("seconds_ago", past.agoNanos() / NANOS_A_SECOND)
                            .shardEvent(past.event()))
                .toList());
        out.println(line);
      }
      table.row(
          address.toString(),
          ShardFigures.roleAndReplica(status),
          claim == null ? "" : claim.run(),
          claim == null || !claim.hasTrainer()
              ? ""
              : "%s on %s".formatted(claim.process(), claim.host()),
          Figures.count(status.epoch()),
          Figures.count(status.version()),
          Figures.count(status.workers().size()),
          Figures.count(status.waitingPushes()),
          Figures.measurement(ShardStatus.meanStaleness(List.of(status))),
          Figures.count(status.lateGradients()),
          Figures.count(status.bytesIn() / 1024) + " KiB",
          Figures.count(status.bytesOut() / 1024) + " KiB",
          Figures.measurement(status.applyNanos() / 1e9) + " s",
          status.device());
      for (ShardStatus.Past past : status.recentEvents()) {
        events.add(
            "%s, %s ago: %s"
                .formatted(
                    address,
                    Figures.duration((double) past.agoNanos() / NANOS_A_SECOND),
                    past.event()));
      }
    }
    if (!json) {
      table.print(out);
      events.forEach(out::println);
    }
    if (!failures.isEmpty()) {
      throw CommandFailure.failed(
          failures.stream().map(ErrorReport::message).collect(Collectors.joining("\n")),
          "Is it running, and are token and address right?",
          failures.get(0));
    }
    return ExitCode.OK;
  }
}
