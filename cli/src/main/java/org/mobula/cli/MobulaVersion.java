package org.mobula.cli;

import picocli.CommandLine.IVersionProvider;

/** The version in the jar's manifest. */
final class MobulaVersion implements IVersionProvider {
  static String current() {
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
