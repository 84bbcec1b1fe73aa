package org.mobula.cli.process;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What SIGINT, SIGTERM and SIGHUP (the terminal is gone) do while this is open: by {@link #listen},
 * the first asks for an orderly end and the second ends the process at once. A shutdown hook would
 * not do: the JVM does not hear a second signal while hooks run.
 *
 * <p>The JDK's only door to signals is {@code sun.misc.Signal}, which the compiler warns of in a
 * way that nothing turns off; so it is called by name.
 */
public final class StopSignals implements AutoCloseable {
  private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

  private final List<Runnable> undo = new ArrayList<>();
  private volatile int exitCode;

  private StopSignals() {}

  /** Hands the name of the first signal to {@code stop}, in a thread of its own. */
  public static StopSignals listen(Consumer<String> stop) {
    StopSignals signals = new StopSignals();
    NUMBERS.keySet().forEach(signal -> signals.listen(signal, () -> signals.end(signal, stop)));
    return signals;
  }

  /**
   * Leaves it to the programs that this process started when to end: Ctrl-C reaches them by itself,
   * as often as it is pressed, since they have the same terminal; SIGTERM is handed on.
   */
  public static StopSignals leaveToChildren() {
    StopSignals signals = new StopSignals();
    signals.listen("INT", () -> {});
    signals.listen(
        "TERM",
        () -> {
          signals.exitCode = exitCode("TERM");
          ProcessHandle.current().children().forEach(ProcessHandle::destroy);
        });
    return signals;
  }

  private void listen(String signal, Runnable onSignal) {
    try {
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Object handler =
          Proxy.newProxyInstance(
              handlerType.getClassLoader(),
              new Class<?>[] {handlerType},
              (proxy, method, arguments) -> {
                onSignal.run();
                return null;
              });
      Object before = handle(signal, handler);
      undo.add(() -> restore(signal, before));
    } catch (ReflectiveOperationException e) {
      // The JVM was started with -Xrs, or is none of OpenJDK's: signals end it without us.
    }
  }

  private static @Nullable Object handle(String signal, @Nullable Object handler)
      throws ReflectiveOperationException {
    Class<?> type = Class.forName("sun.misc.Signal");
    return type.getMethod("handle", type, Class.forName("sun.misc.SignalHandler"))
        .invoke(null, type.getConstructor(String.class).newInstance(signal), handler);
  }

  private static void restore(String signal, @Nullable Object before) {
    try {
      handle(signal, before);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private void end(String signal, Consumer<String> stop) {
    if (exitCode != 0) {
      Runtime.getRuntime().halt(exitCode(signal));
    }
    exitCode = exitCode(signal);
    stop.accept("SIG" + signal);
  }

  private static int exitCode(String signal) {
    return 128 + NUMBERS.getOrDefault(signal, 0);
  }

  /** What the shell expects of a process that this signal ended; 0 without a signal. */
  public int exitCode() {
    return exitCode;
  }

  @Override
  public void close() {
    undo.forEach(Runnable::run);
  }
}
