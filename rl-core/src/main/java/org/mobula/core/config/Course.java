package org.mobula.core.config;

/** A number that changes in the course of a run; {@link Range} bounds all that it comes to. */
public interface Course {
  /** The least that it comes to. */
  double least();

  /** The greatest that it comes to. */
  double greatest();
}
