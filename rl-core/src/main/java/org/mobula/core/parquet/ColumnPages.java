package org.mobula.core.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.DictionaryPageHeader;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.jspecify.annotations.Nullable;

/** The decompressed pages of a column in a row group, for Apache Parquet's column reader. */
final class ColumnPages implements PageReadStore, PageReader {
  private final long rows;
  private final long values;
  private @Nullable DictionaryPage dictionary;
  private final Queue<DataPage> pages = new ArrayDeque<>();

  /** The pages as they lie in the file. */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  record Chunk(byte[] bytes, CompressionCodec codec, long values) {}

  ColumnPages(Chunk chunk, long rows) throws IOException {
    this.rows = rows;
    this.values = chunk.values;
    ByteArrayInputStream in = new ByteArrayInputStream(chunk.bytes);
    long found = 0;
    while (found < values) { // what lies behind the last page is not ours
      PageHeader header = Util.readPageHeader(in);
      byte[] body = in.readNBytes(header.getCompressed_page_size());
      int size = header.getUncompressed_page_size();
      switch (header.getType()) {
        case DATA_PAGE -> {
          DataPageHeader page = header.getData_page_header();
          pages.add(
              new DataPageV1(
                  BytesInput.from(Decompression.of(chunk.codec, body, 0, size)),
                  page.getNum_values(),
                  size,
                  null,
                  encoding(page.getRepetition_level_encoding()),
                  encoding(page.getDefinition_level_encoding()),
                  encoding(page.getEncoding())));
          found += page.getNum_values();
        }
        case DATA_PAGE_V2 -> {
          DataPageHeaderV2 page = header.getData_page_header_v2();
          pages.add(secondKind(page, chunk.codec, body, size));
          found += page.getNum_values();
        }
        case DICTIONARY_PAGE -> {
          DictionaryPageHeader page = header.getDictionary_page_header();
          dictionary =
              new DictionaryPage(
                  BytesInput.from(Decompression.of(chunk.codec, body, 0, size)),
                  page.getNum_values(),
                  encoding(page.getEncoding()));
        }
        case INDEX_PAGE -> {} // of no use to who reads everything
      }
    }
  }

  /** Levels lie before the values and are never compressed. */
  private static DataPage secondKind(
      DataPageHeaderV2 page, CompressionCodec codec, byte[] body, int size) throws IOException {
    int repetitions = page.getRepetition_levels_byte_length();
    int levels = repetitions + page.getDefinition_levels_byte_length();
    byte[] values =
        page.isIs_compressed()
            ? Decompression.of(codec, body, levels, size - levels)
            : Arrays.copyOfRange(body, levels, body.length);
    return DataPageV2.uncompressed(
        page.getNum_rows(),
        page.getNum_nulls(),
        page.getNum_values(),
        BytesInput.from(body, 0, repetitions),
        BytesInput.from(body, repetitions, levels - repetitions),
        encoding(page.getEncoding()),
        BytesInput.from(values),
        null);
  }

  private static Encoding encoding(org.apache.parquet.format.Encoding encoding) {
    return Encoding.valueOf(encoding.name());
  }

  @Override
  public long getRowCount() {
    return rows;
  }

  @Override
  public PageReader getPageReader(ColumnDescriptor column) {
    return this;
  }

  @Override
  public @Nullable DictionaryPage readDictionaryPage() {
    return dictionary;
  }

  @Override
  public long getTotalValueCount() {
    return values;
  }

  @Override
  public @Nullable DataPage readPage() {
    return pages.poll();
  }
}
