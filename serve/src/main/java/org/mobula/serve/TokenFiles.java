package org.mobula.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.SecretFile;
import org.mobula.serve.http.Tokens;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files with the tokens, looked at every second: a token is changed without a restart. */
final class TokenFiles implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TokenFiles.class);

  private final @Nullable Path read;
  private final Path admin;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "serve-tokens");
            thread.setDaemon(true);
            return thread;
          });
  private Tokens known;
  private String trouble = "";

  private TokenFiles(@Nullable Path read, Path admin) throws IOException {
    this.read = read;
    this.admin = admin;
    known = tokens();
  }

  /**
   * Reads the files.
   *
   * @return null where the configuration has none
   */
  static @Nullable TokenFiles of(ServeConfig config) throws IOException {
    Path admin = config.adminTokenFile();
    return admin == null ? null : new TokenFiles(config.readTokenFile(), admin);
  }

  /** What they hold now. */
  private Tokens tokens() throws IOException {
    List<String> readers = read == null ? List.of() : List.of(token(read));
    return new Tokens(readers, List.of(token(admin)));
  }

  private static String token(Path file) throws IOException {
    String token = SecretFile.read(file);
    // The value stays out of the error: it is a secret, and errors are logged.
    Constraints.require(Tokens.isToken(token), "the token in " + file, "(hidden)", Tokens.RULE);
    return token;
  }

  /** As they were read last. */
  synchronized Tokens known() {
    return known;
  }

  /** Hands on each change from now on. */
  @SuppressWarnings("FutureReturnValueIgnored") // ends with the executor
  void watch(Consumer<Tokens> changed) {
    watch.scheduleWithFixedDelay(() -> look(changed), 1, 1, TimeUnit.SECONDS);
  }

  private synchronized void look(Consumer<Tokens> changed) {
    try {
      Tokens now = tokens();
      trouble = "";
      if (!now.equals(known)) {
        changed.accept(now);
        known = now;
        LOG.info("The tokens have changed and are taken from now on");
      }
    } catch (IOException | InvalidValueException e) { // such as a file that is being written
      if (!Objects.toString(e.getMessage(), "").equals(trouble)) {
        trouble = Objects.toString(e.getMessage(), "");
        LOG.warn("The tokens stay those before: {}", trouble);
      }
    } catch (RuntimeException | LinkageError e) {
      LOG.warn("The token files cannot be looked at; the next look may", e);
    }
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}
