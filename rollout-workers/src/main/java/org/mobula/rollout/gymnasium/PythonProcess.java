package org.mobula.rollout.gymnasium;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.mobula.core.training.config.EnvironmentConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Python process, the file that both have mapped and the socket between them. The process ends
 * when this JVM does, however that ends; the file and the socket have no name any more once this is
 * made.
 */
final class PythonProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PythonProcess.class);

  /** The script comes over standard input, so that it needs no file. */
  private static final String LOADER =
      "import sys; source = sys.stdin.buffer.read(int(sys.argv.pop()));"
          + " exec(compile(source, 'mobula-bridge', 'exec'),"
          + " {'__name__': 'mobula-bridge', '__file__': 'mobula-bridge'})";

  private static final String SCRIPT = "bridge.py";

  /** How long a process may take to close its environments, or to print where it is. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** What a process may take to start at least, since imports take longer than steps. */
  private static final Duration START = Duration.ofMinutes(1);

  private static final long LOOK = 250; // milliseconds
  private static final int LAST_WORDS = 40; // lines

  private final Process process;

  /** How long an answer is looked for before the thread sleeps. */
  private static final long POLL_NANOS = 2_000_000;

  /** How many times the processor is told to pause between two looks: about a microsecond. */
  private static final int PAUSES = 40;

  /**
   * Two looks that lie further apart than this: another thread has had the core, for whom a turn is
   * a millisecond and more. Interrupts alone take up to a fifth of one on a virtual machine.
   */
  private static final long CROWDED_NANOS = 500_000;

  /** How many answers are then waited for asleep. */
  private static final int CROWDED_ASKS = 100;

  private volatile Duration timeout;
  private final ArrayDeque<String> words = new ArrayDeque<>();
  private final Thread listener;
  private final Thread watch;
  private final List<String> folders = new ArrayList<>();
  private final ByteBuffer command = ByteBuffer.allocateDirect(1);
  private final ByteBuffer answer = ByteBuffer.allocateDirect(1);

  // What the process is asked now, for the watch.
  private volatile long since;
  private volatile boolean busy;
  private volatile boolean overdue;

  private @Nullable Map<String, Object> made;
  private int crowded;
  private @Nullable SocketChannel socket;
  private @Nullable FileChannel file;
  private @Nullable MappedByteBuffer memory;
  private volatile boolean closed;

  private PythonProcess(Process process, Duration timeout) {
    this.process = process;
    this.timeout = timeout;
    this.since = System.nanoTime();
    this.busy = true;
    this.listener = daemon("listener", this::listen);
    this.watch = daemon("watch", this::watch);
    listener.start();
    watch.start();
  }

  private Thread daemon(String what, Runnable work) {
    Thread thread = new Thread(work, "python-" + process.pid() + "-" + what);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Starts Python and has it make environments.
   *
   * @param rendered whether they shall draw themselves, where they can
   * @throws PythonException if Python cannot be started or the environments cannot be made
   */
  static PythonProcess start(EnvironmentConfig config, int count, boolean rendered) {
    String python = PythonPackages.command(config.python());
    byte[] script = script();
    ProcessBuilder builder =
        new ProcessBuilder(python, "-c", LOADER, String.valueOf(script.length));
    Map<String, String> environment = builder.environment();
    environment.put("PYTHONUNBUFFERED", "1"); // what it prints is logged when it is printed
    for (String folder : config.pythonPath()) {
      if (!Files.exists(Path.of(folder))) {
        throw PythonException.process(
            "environment.python-path names %s, but there is no %s"
                .formatted(folder, Path.of(folder).toAbsolutePath()),
            null);
      }
    }
    if (!config.pythonPath().isEmpty()) {
      String more = environment.get("PYTHONPATH");
      environment.put(
          "PYTHONPATH",
          String.join(File.pathSeparator, config.pythonPath())
              + (more == null ? "" : File.pathSeparator + more));
    }
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw PythonException.process(
          "no Python can be started as %s: %s; environment.python names an interpreter, or the folder of a virtual environment"
              .formatted(python, e.getMessage()),
          e);
    }
    Duration step = config.stepTimeout();
    PythonProcess started = new PythonProcess(process, step.compareTo(START) > 0 ? step : START);
    try {
      started.make(script, config, count, rendered);
      started.timeout = step;
      return started;
    } catch (IOException e) {
      PythonException failure = started.ended(e);
      started.close();
      throw failure;
    } catch (RuntimeException e) {
      started.close();
      throw e;
    } finally {
      started.busy = false;
    }
  }

  private static byte[] script() {
    try (InputStream in = PythonProcess.class.getResourceAsStream(SCRIPT)) {
      if (in == null) {
        throw new IllegalStateException(SCRIPT + " is not beside " + PythonProcess.class);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(SCRIPT + " cannot be read", e);
    }
  }

  private void make(byte[] script, EnvironmentConfig config, int count, boolean rendered)
      throws IOException {
    String name =
        "mobula-"
            + ProcessHandle.current().pid()
            + "-"
            + UUID.randomUUID().toString().substring(24);
    folders.add("/dev/shm/" + name); // memory, where the system has it
    folders.add(Path.of(System.getProperty("java.io.tmpdir"), name).toString());
    Map<String, Object> wanted = new LinkedHashMap<>();
    wanted.put("kind", config.envpool() == null ? "gymnasium" : "envpool");
    wanted.put("id", config.envpool() == null ? config.gymnasium() : config.envpool());
    wanted.put("count", count);
    wanted.put("options", arguments(config.options()));
    wanted.put("wrappers", config.wrappers());
    wanted.put("rendered", rendered);
    wanted.put("folders", folders);
    OutputStream in = process.getOutputStream(); // open as long as Python shall live
    in.write(script);
    in.write(Values.framed(wanted));
    in.flush();
    Map<String, Object> told;
    try (DataInputStream out = new DataInputStream(process.getInputStream())) {
      byte[] packed = new byte[out.readInt()];
      out.readFully(packed);
      told = Values.map(Values.unpack(ByteBuffer.wrap(packed)));
    }
    if (told.get("failure") != null) {
      throw PythonException.thrown(Values.map(told.get("failure")));
    }
    Path folder = Path.of(Values.text(told.get("folder")));
    SocketChannel channel =
        SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("socket")));
    socket = channel;
    FileChannel opened =
        FileChannel.open(
            folder.resolve("memory"), StandardOpenOption.READ, StandardOpenOption.WRITE);
    file = opened;
    MappedByteBuffer mapped =
        opened.map(FileChannel.MapMode.READ_WRITE, 0, Values.integer(told.get("size")));
    mapped.order(ByteOrder.nativeOrder());
    memory = mapped;
    write(channel, 'm'); // both have it: Python takes the names away
    answer.clear();
    read(channel, answer);
    made = told;
  }

  /** Python's keyword arguments have no hyphens. */
  private static Map<String, Object> arguments(Map<String, Object> options) {
    Map<String, Object> arguments = new LinkedHashMap<>();
    options.forEach((key, value) -> arguments.put(key.replace('-', '_'), value));
    return arguments;
  }

  /** What Python said of the environments: their spaces and what lies where in the file. */
  Map<String, Object> made() {
    return Values.map(made);
  }

  /** What both have mapped. */
  ByteBuffer memory() {
    return Values.require(memory, MappedByteBuffer.class);
  }

  /**
   * Has Python do something, and waits.
   *
   * @param more what belongs to the command; null for nothing
   * @return what Python says of it; null where there is nothing to say
   * @throws PythonException if the process ends, or does not answer in time
   */
  @Nullable Map<String, Object> ask(char what, byte @Nullable [] more) {
    SocketChannel channel = socket;
    if (closed || channel == null) {
      throw PythonException.process("its Python process has been closed", null);
    }
    since = System.nanoTime();
    busy = true;
    try {
      write(channel, what);
      if (more != null) {
        write(channel, ByteBuffer.wrap(more));
      }
      answer.clear();
      poll(channel, answer);
      read(channel, answer);
      return answer.get(0) == 0 ? null : answer(channel);
    } catch (IOException e) {
      throw ended(e);
    } finally {
      busy = false;
    }
  }

  private static Map<String, Object> answer(SocketChannel channel) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
    read(channel, length);
    ByteBuffer packed = ByteBuffer.allocate(length.getInt(0));
    read(channel, packed);
    return Values.map(Values.unpack(packed.flip()));
  }

  private void write(SocketChannel channel, char what) throws IOException {
    command.clear().put((byte) what).flip();
    write(channel, command);
  }

  private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Looks for an answer for a while before its thread sleeps: to wake a thread on another core
   * takes longer than many a step. A thread that was kept from looking shares its core with another
   * one, and leaves the core to it.
   */
  private void poll(SocketChannel channel, ByteBuffer bytes) throws IOException {
    if (crowded > 0) {
      crowded--;
      return;
    }
    channel.configureBlocking(false);
    long begin = System.nanoTime();
    long last = begin;
    while (channel.read(bytes) == 0 && last - begin < POLL_NANOS) {
      for (int i = 0; i < PAUSES; i++) {
        Thread.onSpinWait();
      }
      long now = System.nanoTime();
      if (now - last > CROWDED_NANOS) {
        crowded = CROWDED_ASKS;
        break;
      }
      last = now;
    }
    channel.configureBlocking(true);
  }

  private static void read(SocketChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("the socket was closed");
      }
    }
  }

  // The end.

  /** Why the process answers no more; it is ended if it has not ended by itself. */
  private PythonException ended(IOException cause) {
    if (cause instanceof ClosedByInterruptException) {
      kill();
      return PythonException.process(
          "the wait for its Python process " + process.pid() + " was interrupted", cause);
    }
    boolean itself = awaitEnd(GRACE);
    kill();
    awaitEnd(GRACE);
    joinQuietly(listener, Duration.ofSeconds(1)); // what it said last
    StringBuilder text = new StringBuilder("its Python process ").append(process.pid());
    if (overdue) {
      text.append(" has not answered for ").append(timeout.toMillis() / 1e3);
      text.append(" s, and environment.step-timeout allows no more; it was ended");
    } else if (!itself || process.isAlive()) {
      text.append(" closed its socket and was ended");
    } else {
      int code = process.exitValue();
      text.append(
          code > 128 ? " was ended by signal " + (code - 128) : " ended with exit code " + code);
    }
    synchronized (words) {
      if (!words.isEmpty()) {
        text.append(". Its last words:\n").append(String.join("\n", words));
      }
    }
    return PythonException.process(text.toString(), cause);
  }

  private boolean awaitEnd(Duration patience) {
    try {
      return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !process.isAlive();
    }
  }

  private static void joinQuietly(Thread thread, Duration patience) {
    try {
      thread.join(patience.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.toHandle().destroyForcibly();
  }

  /** Logs what Python prints, and keeps the end of it. */
  private void listen() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      while (line != null) {
        LOG.info("Python {}: {}", process.pid(), line);
        synchronized (words) {
          words.add(line);
          if (words.size() > LAST_WORDS) {
            words.remove();
          }
        }
        line = lines.readLine();
      }
    } catch (IOException e) {
      LOG.debug("Python {} is silent", process.pid(), e);
    }
  }

  /** Ends a process that takes too long; it prints first where it is. */
  private void watch() {
    try {
      while (!process.waitFor(look(), TimeUnit.MILLISECONDS)) {
        long started = since;
        if (busy && System.nanoTime() - started > timeout.toNanos() && started == since) {
          overdue = true;
          process.toHandle().destroy(); // Process.destroy would close what it prints, too
          if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
            kill();
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long look() {
    return Math.max(1, Math.min(LOOK, timeout.toMillis() / 4));
  }

  /** Whether a command is under way. */
  boolean isBusy() {
    return busy;
  }

  /** Ends what is under way, from any thread. */
  void abandon() {
    kill();
  }

  /** Has the environments closed, and returns when the process has ended; not while it is asked. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    SocketChannel channel = socket;
    try {
      if (channel != null && process.isAlive()) {
        write(channel, 'q');
        awaitEnd(GRACE);
      }
    } catch (IOException e) {
      LOG.debug("Python {} has ended already", process.pid(), e);
    }
    kill();
    awaitEnd(GRACE);
    closeQuietly(channel);
    try {
      if (file != null) {
        file.truncate(0); // the memory is free at once, not when the mapping is collected
      }
    } catch (IOException e) {
      LOG.debug("the mapped file stays until its mapping is collected", e);
    }
    closeQuietly(file);
    closeQuietly(process.getOutputStream());
    closeQuietly(process.getInputStream());
    joinQuietly(watch, GRACE);
    joinQuietly(listener, Duration.ofSeconds(1));
    folders.forEach(PythonProcess::delete); // where Python was killed while both opened them
  }

  private static void closeQuietly(@Nullable AutoCloseable part) {
    try {
      if (part != null) {
        part.close();
      }
    } catch (Exception e) {
      LOG.debug("{} did not close", part, e);
    }
  }

  private static void delete(String folder) {
    for (String name : List.of("memory", "socket", "")) {
      try {
        Files.deleteIfExists(Path.of(folder, name));
      } catch (IOException e) {
        LOG.debug("{} is left", folder, e);
      }
    }
  }
}
