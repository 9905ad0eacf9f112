/** This party's datasets by name, opened for as long as they are needed. */
import { SottoError } from '../base/errors.ts';
import { type DatasetConfig, readDatasetConfig } from '../data/dataset.ts';
import { openTable, type Table } from '../data/table.ts';
import type { OwnDataset } from './policy.ts';

export class Tables {
  readonly #datasets: Readonly<Record<string, DatasetConfig>>;

  constructor(datasets: Readonly<Record<string, DatasetConfig>>) {
    this.#datasets = datasets;
  }

  /** @throws invalid-argument for a file that is not there or no table. */
  open(dataset: string): Promise<Table> {
    const config = this.#config(dataset);
    if (config === undefined) {
      throw new SottoError('invalid-argument', 'no such dataset in the configuration', { dataset });
    }
    return openTable(config);
  }

  /** @throws invalid-argument also for a table that has more rows than were agreed on. */
  async openAgreed(dataset: string, maxRows: bigint): Promise<Table> {
    const table = await this.open(dataset);
    if (table.rowCount <= maxRows) return table;
    table.close();
    throw new SottoError('invalid-argument', 'the dataset has more rows than were agreed on', {
      field: 'max_rows',
      found: table.rowCount,
      most: Number(maxRows),
    });
  }

  /** What agreements have to match; undefined for a dataset that is not configured. */
  async describe(dataset: string): Promise<OwnDataset | undefined> {
    const config = this.#config(dataset);
    if (config === undefined) return undefined;
    const { idNormalization } = readDatasetConfig(config);
    await using table = await openTable(config);
    return { columns: [...table.types.keys()], rows: table.rowCount, idNormalization };
  }

  #config(dataset: string): DatasetConfig | undefined {
    return Object.hasOwn(this.#datasets, dataset) ? this.#datasets[dataset] : undefined;
  }
}
