/** Files in Apache Parquet's format: written whole, and read by columns. */
@NullMarked
package org.mobula.core.parquet;

import org.jspecify.annotations.NullMarked;
