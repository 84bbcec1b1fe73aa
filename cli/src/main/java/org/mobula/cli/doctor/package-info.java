/** The command {@code doctor}. */
@NullMarked
package org.mobula.cli.doctor;

import org.jspecify.annotations.NullMarked;
