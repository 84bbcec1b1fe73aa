/** How commands speak: words, tables, numbers, JSON, and errors with their remedies. */
@NullMarked
package org.mobula.cli.output;

import org.jspecify.annotations.NullMarked;
