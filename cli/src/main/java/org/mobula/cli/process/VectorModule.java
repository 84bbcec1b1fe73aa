package org.mobula.cli.process;

import java.io.PrintWriter;
import java.util.Optional;
import org.mobula.core.network.simd.Simd;

/**
 * Brings the Vector API into a JVM that was started without it.
 *
 * <p>{@code --add-modules jdk.incubator.vector} makes the JVM write a warning to standard error
 * that no option turns off. So the module is resolved here, after the start; the manifest of the
 * command line's jar allows it.
 */
public final class VectorModule {
  public static final String NAME = "jdk.incubator.vector";

  private VectorModule() {}

  /**
   * Makes the module's classes loadable. Call it before the first class that refers to them is
   * linked; a second call does nothing.
   *
   * @return why the module cannot be had, or nothing when it is there
   */
  public static Optional<String> load() {
    return Simd.load();
  }

  /** As {@link #load}, with a note where the module cannot be had. */
  public static void loadOrNote(PrintWriter err) {
    load().ifPresent(why -> err.println("note: " + why + "; PyTorch computes the networks"));
  }

  /** Bits in the widest vector the machine and the JVM offer. The module must have been loaded. */
  public static int preferredBits() {
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
