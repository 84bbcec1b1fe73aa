package org.mobula.core.network.simd;

/** Tells whether this JVM has the Vector API, without touching the classes that need it. */
public final class Simd {
  private Simd() {}

  /**
   * Whether the JVM has the module {@code jdk.incubator.vector}: it was started with {@code
   * --add-modules jdk.incubator.vector}, or the module was added since.
   */
  public static boolean available() {
    try {
      Class.forName("jdk.incubator.vector.FloatVector", false, Simd.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
