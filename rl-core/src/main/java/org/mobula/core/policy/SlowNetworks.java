package org.mobula.core.policy;

import java.util.Objects;
import java.util.ServiceLoader;
import org.mobula.core.network.simd.Simd;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.SLF4JServiceProvider;

/** The warning that PyTorch computes multilayer perceptrons for want of the Vector API. */
final class SlowNetworks {
  private SlowNetworks() {}

  /** Warns at the first call in a process; later ones do nothing. */
  static void note() {
    Objects.requireNonNull(Warning.GIVEN);
  }

  /** Initialised by the first note, and by no other. */
  private static final class Warning {
    static final String GIVEN = give();

    private static String give() {
      String warning =
          Simd.load().orElse("")
              + ", so PyTorch computes the networks, which is slower for small ones; add"
              + " --add-modules jdk.incubator.vector to the JVM's options or to the environment"
              + " variable JDK_JAVA_OPTIONS, or 'Add-Exports: java.base/jdk.internal.module' to"
              + " the manifest of the jar that java -jar starts";
      if (ServiceLoader.load(SLF4JServiceProvider.class).findFirst().isPresent()) {
        LoggerFactory.getLogger(NetworkEngine.class).warn(warning);
      } else {
        System.err.println("warning: " + warning); // SLF4J without a provider would drop it
      }
      return warning;
    }
  }
}
