/** YAML files to records and back, with errors that name the place. */
@NullMarked
package org.mobula.core.config;

import org.jspecify.annotations.NullMarked;
