package org.mobula.core.network.simd;

import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.util.Optional;

/** Tells whether this JVM has the Vector API, without touching the classes that need it. */
public final class Simd {
  private static final String MODULE = "jdk.incubator.vector";

  private Simd() {}

  /**
   * Brings the Vector API into a JVM that was started without it, where the program's own jar
   * allows that: by {@code Add-Exports: java.base/jdk.internal.module} in the manifest of the jar
   * that {@code java -jar} starts. The module is then resolved by the JDK's own routine for modules
   * that a running JVM turns out to need; the compiled code is the same as with the option. A
   * second call does nothing.
   *
   * @return why the module cannot be had, or nothing when it is there
   */
  public static Optional<String> load() {
    if (available()) {
      return Optional.empty();
    }
    if (ModuleFinder.ofSystem().find(MODULE).isEmpty()) {
      return Optional.of("this Java was built without the module " + MODULE);
    }
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, MODULE);
      return Optional.empty();
    } catch (InvocationTargetException e) {
      return Optional.of("this Java refused the module " + MODULE + ": " + e.getCause());
    } catch (ReflectiveOperationException e) {
      return Optional.of("Java was started without --add-modules " + MODULE);
    }
  }

  /**
   * Whether the JVM has the module {@code jdk.incubator.vector}: it was started with {@code
   * --add-modules jdk.incubator.vector}, or the module was added since.
   */
  public static boolean available() {
    try {
      Class.forName(MODULE + ".FloatVector", false, Simd.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
