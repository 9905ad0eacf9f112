/** Server reflection, so that a foreign client needs no schema: descriptors straight from the generated code. */
import { type DescFile, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';

/** Describes the services and, as every server of ours has it, grpc.health.v1. */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const files = new Map<string, FileDescriptorProto>();
  for (const service of services) collect(service.file, files);
  const fileDescriptorProtos = [...files.values(), healthFile()].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  );
  const described = { services: { fileDescriptorProtos } } as unknown as PackageDefinition;
  new ReflectionService(described).addToServer(server);
}

function collect(file: DescFile, files: Map<string, FileDescriptorProto>): void {
  if (files.has(file.name)) return;
  files.set(file.name, file.proto);
  for (const dependency of file.dependencies) collect(dependency, files);
}

/** As proto-loader reads it, which names types relatively and map entries wrongly: strict clients refuse both. */
function healthFile(): FileDescriptorProto {
  const [bytes = Buffer.alloc(0)] = Object.values(loadSync(healthProto)).flatMap(
    ({ fileDescriptorProtos: protos }) => (Array.isArray(protos) ? (protos as Buffer[]) : []),
  );
  const file = fromBinary(FileDescriptorProtoSchema, bytes);
  file.name = 'grpc/health/v1/health.proto';
  for (const message of file.messageType) mendTypes(message, file);
  return file;
}

function mendTypes(message: DescriptorProto, file: FileDescriptorProto): void {
  const inside = [...message.nestedType, ...message.enumType].map((type) => type.name);
  const absolute = (name: string): string => {
    if (name === '' || name.startsWith('.')) return name;
    const scope = inside.includes(name) ? `${file.package}.${message.name}` : file.package;
    return `.${scope}.${name}`;
  };
  for (const field of message.field) field.typeName = absolute(field.typeName);
  for (const entry of message.nestedType) {
    if (entry.options?.mapEntry !== true) continue;
    for (const field of entry.field) field.typeName = absolute(field.typeName);
    const wrong = absolute(entry.name);
    entry.name += 'Entry';
    for (const field of message.field) if (field.typeName === wrong) field.typeName += 'Entry';
  }
}
