package org.mobula.core.network.simd;

/** Tells whether this JVM has the Vector API, without touching it. */
public final class Simd {
  private static final String MODULE = "jdk.incubator.vector";

  private Simd() {}

  /** Whether the JVM was started with {@code --add-modules jdk.incubator.vector}. */
  public static boolean available() {
    return ModuleLayer.boot().findModule(MODULE).isPresent();
  }
}
