package org.mobula.cli.serve;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Runs;
import org.mobula.cli.log.Log;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.JsonLine;
import org.mobula.cli.process.StopSignals;
import org.mobula.cli.process.VectorModule;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.JsonSchema;
import org.mobula.core.policy.Policy;
import org.mobula.serve.ModelConfig;
import org.mobula.serve.PolicyServer;
import org.mobula.serve.ServeConfig;
import org.mobula.serve.record.RecordConfig;

/** A server of policies that is a process, until a signal ends it. */
final class ServeProcess {
  private static final String TORCH_SCRIPT = ".pt";

  private ServeProcess() {}

  /**
   * What the command line says.
   *
   * @param policies runs, checkpoints, files or directories of TorchScript, with or without {@code
   *     NAME=}
   * @param host null where it is not said
   * @param port null where it is not said
   * @param grpcPort null where it is not said
   * @param record null where it is not said
   */
  record Options(
      List<String> policies,
      Path runsDirectory,
      @Nullable Path config,
      List<String> settings,
      @Nullable String host,
      @Nullable Integer port,
      @Nullable Integer grpcPort,
      @Nullable Path record,
      boolean json) {}

  /** The form of the file. */
  static String schema() {
    return JsonSchema.of(ServeConfig.class, Alternatives.none());
  }

  /**
   * Serves until a signal comes, and returns 0 once what was under way is answered: to be ended so
   * is a server's success, unless something is still under way when the drain timeout is over. A
   * second signal ends it at once, with that signal's exit code.
   */
  static int run(Options options, PrintWriter out) throws IOException, InterruptedException {
    Log.current().takeJavaLogging(); // gRPC's
    VectorModule.load(); // before the first network; where it is absent, networks do without
    CountDownLatch ended = new CountDownLatch(1);
    StopSignals signals = StopSignals.listen(signal -> ended.countDown());
    boolean all;
    try (signals;
        PolicyServer server = start(options)) {
      say(server, options.json(), out);
      ended.await();
      all = server.stop(); // which answers what is under way
    }
    if (!all) {
      throw CommandFailure.failed(
          "not all that was under way ended within drain-timeout",
          "Give it more time, or look for a model that does not return.");
    }
    return 0;
  }

  private static PolicyServer start(Options options) {
    try {
      return PolicyServer.builder().config(config(options)).start();
    } catch (InvalidValueException | IllegalStateException | IOException e) {
      throw CommandFailure.usage(
          ErrorReport.message(e), "{mobula} serve --help lists the options.");
    }
  }

  private static ServeConfig config(Options options) throws IOException {
    Path file = options.config();
    ServeConfig config =
        file == null
            ? ConfigReader.read(
                "{}", "", ServeConfig.class, options.settings(), Alternatives.none())
            : ConfigReader.read(file, ServeConfig.class, options.settings());
    Map<String, ModelConfig> models = new LinkedHashMap<>(config.models());
    for (String policy : options.policies()) {
      int equals = policy.indexOf('=');
      boolean named = equals > 0 && !Files.exists(Path.of(policy));
      Path path = path(policy.substring(named ? equals + 1 : 0), options.runsDirectory());
      String name = named ? policy.substring(0, equals) : name(path);
      if (models.put(name, ModelConfig.defaults(path)) != null) {
        throw CommandFailure.usage("two policies are called " + name, "Name them: NAME=" + path);
      }
    }
    if (models.isEmpty()) {
      throw CommandFailure.usage(
          file + " has no models", "Add models: {NAME: {path: runs/NAME}}, or give a run.");
    }
    String host = options.host();
    Integer port = options.port();
    Integer grpcPort = options.grpcPort();
    RecordConfig record = record(config.record(), options.record());
    return config.with(
        c ->
            c.models(models)
                .host(host == null ? c.host() : host)
                .port(port == null ? c.port() : port)
                .grpcPort(grpcPort == null ? c.grpcPort() : grpcPort)
                .record(record));
  }

  /** The file's, with the directory of the command line. */
  private static @Nullable RecordConfig record(
      @Nullable RecordConfig config, @Nullable Path directory) {
    if (directory == null) {
      return config;
    }
    return config == null ? RecordConfig.defaults(directory) : config.withDirectory(directory);
  }

  private static Path path(String model, Path runsDirectory) throws IOException {
    Path path = Path.of(model);
    boolean isModel =
        Files.isRegularFile(path)
            || Files.exists(path.resolve(Policy.FILE_NAME))
            || holdsTorchScript(path);
    return isModel ? path : new Runs(runsDirectory).find(model);
  }

  /** Whether a directory has TorchScript files, as such or in directories of versions. */
  private static boolean holdsTorchScript(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    try (Stream<Path> files = Files.find(directory, 2, (file, a) -> isTorchScript(file))) {
      return files.findAny().isPresent();
    }
  }

  private static boolean isTorchScript(Path file) {
    return file.toString().endsWith(TORCH_SCRIPT);
  }

  /** A checkpoint is called as its run is, a TorchScript file as it is. */
  private static String name(Path path) {
    Path directory = path.toAbsolutePath().normalize();
    String file = String.valueOf(directory.getFileName());
    if (isTorchScript(path)) {
      return file.substring(0, file.length() - TORCH_SCRIPT.length());
    }
    if (Files.isRegularFile(directory)) {
      directory = parent(directory);
    }
    if (String.valueOf(parent(directory).getFileName()).equals("checkpoints")) {
      directory = parent(parent(directory));
    }
    return String.valueOf(directory.getFileName());
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }

  private static void say(PolicyServer server, boolean json, PrintWriter out) {
    List<String> names = server.repository().names();
    Optional<String> grpc =
        server.grpcAddress().map(a -> a.getAddress().getHostAddress() + ":" + a.getPort());
    if (json) {
      JsonLine line =
          new JsonLine().text("address", server.url()).text("models", String.join(",", names));
      grpc.ifPresent(address -> line.text("grpc", address));
      out.println(line);
    } else {
      out.println(
          "serving "
              + String.join(", ", names)
              + " at "
              + server.url()
              + grpc.map(address -> ", gRPC at " + address).orElse(""));
    }
    out.flush();
  }
}
