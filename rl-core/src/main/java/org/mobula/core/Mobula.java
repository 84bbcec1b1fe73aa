package org.mobula.core;

import java.util.Optional;
import org.mobula.core.network.simd.Simd;

/** What concerns a whole program that uses Mobula. */
public final class Mobula {
  private Mobula() {}

  /**
   * Makes the JDK's Vector API, which computes multilayer perceptrons, available to a program that
   * does not choose its JVM's options. Call it first in {@code main} to learn at the start whether
   * networks will be fast; the first network calls it too. It succeeds
   *
   * <ul>
   *   <li>where the JVM was started with {@code --add-modules jdk.incubator.vector}, on its command
   *       line or by the environment variable {@code JDK_JAVA_OPTIONS};
   *   <li>where the program is started by {@code java -jar} and the manifest of that jar has {@code
   *       Add-Exports: java.base/jdk.internal.module}. No option and no warning is needed then.
   * </ul>
   *
   * <p>Java lets nothing else add a module to a running program, so everywhere else the answer is
   * the obstacle, and PyTorch computes, if it is on the class path.
   *
   * @return why the Vector API cannot be had, or nothing when it is there
   */
  public static Optional<String> loadVectorApi() {
    return Simd.load();
  }
}
