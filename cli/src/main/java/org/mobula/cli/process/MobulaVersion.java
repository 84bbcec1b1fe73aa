package org.mobula.cli.process;

import picocli.CommandLine.IVersionProvider;

/** The version in the jar's manifest. */
public final class MobulaVersion implements IVersionProvider {
  public static String current() {
    String version = MobulaVersion.class.getPackage().getImplementationVersion();
    return version == null ? "(not packaged)" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "mobula " + current() + " (Java " + System.getProperty("java.version") + ")"
    };
  }
}
