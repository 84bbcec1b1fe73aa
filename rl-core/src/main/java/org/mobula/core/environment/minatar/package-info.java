/**
 * Five games on ten by ten cells after MinAtar (Young and Tian, "MinAtar: An Atari-Inspired Testbed
 * for Thorough and Reproducible Reinforcement Learning Experiments", 2019), written from the paper
 * and from gymnax.
 */
@NullMarked
package org.mobula.core.environment.minatar;

import org.jspecify.annotations.NullMarked;
