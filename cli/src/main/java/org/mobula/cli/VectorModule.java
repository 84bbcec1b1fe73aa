package org.mobula.cli;

import java.io.PrintWriter;
import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.util.Optional;

/**
 * Brings the Vector API into a JVM that was started without it.
 *
 * <p>{@code --add-modules jdk.incubator.vector} makes the JVM write a warning to standard error
 * that no option turns off. So the module is resolved here, after the start, by the JDK's own
 * routine for modules that a running JVM turns out to need. The manifest of the command line's jar
 * exports that routine's package. The compiled code is the same as with the option.
 */
final class VectorModule {
  static final String NAME = "jdk.incubator.vector";

  private VectorModule() {}

  /**
   * Makes the module's classes loadable. Call it before the first class that refers to them is
   * linked; a second call does nothing.
   *
   * @return why the module cannot be had, or nothing when it is there
   */
  static Optional<String> load() {
    if (ModuleLayer.boot().findModule(NAME).isPresent()) {
      return Optional.empty();
    }
    if (ModuleFinder.ofSystem().find(NAME).isEmpty()) {
      return Optional.of("this Java was built without the module " + NAME);
    }
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
      return Optional.empty();
    } catch (InvocationTargetException e) {
      return Optional.of("this Java refused the module " + NAME + ": " + e.getCause());
    } catch (ReflectiveOperationException e) {
      return Optional.of("Java was started without --add-modules " + NAME);
    }
  }

  /** As {@link #load}, with a note where the module cannot be had. */
  static void loadOrNote(PrintWriter err) {
    load().ifPresent(why -> err.println("note: " + why + "; PyTorch computes the networks"));
  }

  /** Bits in the widest vector the machine and the JVM offer. The module must have been loaded. */
  static int preferredBits() {
    try {
      Object species = Class.forName(NAME + ".FloatVector").getField("SPECIES_PREFERRED").get(null);
      Object bits =
          Class.forName(NAME + ".VectorSpecies").getMethod("vectorBitSize").invoke(species);
      return (int) bits;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the Vector API has changed its shape: " + e, e);
    }
  }
}
