package org.mobula.core.network.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.util.Utils;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The one place where DJL starts. Unless the user's own system properties say otherwise, it sends
 * no telemetry, downloads nothing and computes on one thread.
 */
public final class DjlEngine {
  private static final String THREADS_PROPERTY = "ai.djl.pytorch.num_threads";

  private DjlEngine() {}

  /** A name and version for reports: {@code PyTorch 2.7.1}. Loads the engine. */
  public static String describe() {
    return engine().getEngineName() + " " + engine().getVersion();
  }

  /** An owner of arrays; closing it frees them. */
  public static NDManager newScope() {
    return engine().newBaseManager(Device.cpu());
  }

  /**
   * The engine, started at the first call.
   *
   * @throws IllegalStateException saying what to do if it cannot be started
   */
  static Engine engine() {
    Engine engine = Holder.START.engine;
    if (engine == null) {
      Throwable reason = Holder.START.failure;
      throw new IllegalStateException(
          "PyTorch cannot be started ("
              + (reason == null ? "" : reason(reason))
              + "): "
              + PyTorchLibrary.remedy(),
          reason);
    }
    return engine;
  }

  /** DJL's own words, and those of what it met first: that it may not download, or a linker's. */
  private static String reason(Throwable failure) {
    Throwable first = failure;
    while (first.getCause() != null) {
      first = first.getCause();
    }
    return first == failure
        ? String.valueOf(failure.getMessage())
        : failure.getMessage() + ": " + first.getMessage();
  }

  /**
   * How many threads compute one product. PyTorch applies it to the thread that loads it alone;
   * every other would wait for one helper per processor in each small product.
   */
  public static int threads() {
    return Holder.THREADS;
  }

  /** One of them is there. A class that failed to start would tell why only once. */
  private record Start(@Nullable Engine engine, @Nullable Throwable failure) {}

  /** DJL reads its settings when its classes load, so nothing of it may load before them. */
  private static final class Holder {
    static final Start START = start();
    static final int THREADS = Integer.getInteger(THREADS_PROPERTY, 1);

    private static Start start() {
      setUnlessSet("OPT_OUT_TRACKING", "true");
      setUnlessSet("ai.djl.offline", "true");
      setUnlessSet(THREADS_PROPERTY, "1");
      setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
      try {
        NativeDirectory.secure(Utils.getEngineCacheDir());
        return new Start(Engine.getEngine("PyTorch"), null);
      } catch (IOException | RuntimeException | LinkageError e) {
        return new Start(null, e);
      }
    }

    private static void setUnlessSet(String property, String value) {
      if (System.getProperty(property) == null) {
        System.setProperty(property, value);
      }
    }
  }
}
