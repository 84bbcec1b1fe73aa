/** The process that a command runs in: its signals, its Vector API, its metrics. */
@NullMarked
package org.mobula.cli.process;

import org.jspecify.annotations.NullMarked;
