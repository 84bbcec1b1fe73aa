/**
 * Problems of cells and cards: those that Gymnasium calls toy text, with its rules and random
 * numbers, a grid world to configure, and tasks that need a memory.
 */
@NullMarked
package org.mobula.core.environment.text;

import org.jspecify.annotations.NullMarked;
