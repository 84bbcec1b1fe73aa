package org.mobula.core.network.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

/**
 * The one place where DJL starts. Unless the user's own system properties say otherwise, it sends
 * no telemetry, downloads nothing and computes on one thread.
 */
public final class DjlEngine {
  private static final String THREADS_PROPERTY = "ai.djl.pytorch.num_threads";

  private DjlEngine() {}

  /** A name and version for reports: {@code PyTorch 2.7.1}. Loads the engine. */
  public static String describe() {
    return Holder.ENGINE.getEngineName() + " " + Holder.ENGINE.getVersion();
  }

  /** An owner of arrays; closing it frees them. */
  public static NDManager newScope() {
    return Holder.ENGINE.newBaseManager(Device.cpu());
  }

  static Engine engine() {
    return Holder.ENGINE;
  }

  /**
   * How many threads compute one product. PyTorch applies it to the thread that loads it alone;
   * every other would wait for one helper per processor in each small product.
   */
  public static int threads() {
    return Holder.THREADS;
  }

  /** DJL reads its settings when its classes load, so nothing of it may load before them. */
  private static final class Holder {
    static final Engine ENGINE = start();
    static final int THREADS = Integer.getInteger(THREADS_PROPERTY, 1);

    private static Engine start() {
      setUnlessSet("OPT_OUT_TRACKING", "true");
      setUnlessSet("ai.djl.offline", "true");
      setUnlessSet(THREADS_PROPERTY, "1");
      setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
      return Engine.getEngine("PyTorch");
    }

    private static void setUnlessSet(String property, String value) {
      if (System.getProperty(property) == null) {
        System.setProperty(property, value);
      }
    }
  }
}
